Feature: Every end at every point
  Whatever ends the peer's stream, at whatever point of a request's life, leaves the
  connection in the same state: pending requests cancelled, accepted requests
  answered, EOF sent, join returned.

  @BAD-1 @EOS-3 @must
  Scenario Outline: nothing is under way when the stream ends by <end>
    Given a connection
    When the subject is joined as "join"
    And the peer <ends>
    Then the subject ends its stream
    And "join" returns
    And requesting type 2 is refused as closed

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-1 @must
  Scenario Outline: a request is pending when the stream ends by <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer <ends>
    Then "a" is cancelled
    And the subject ends its stream
    And "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-6 @must
  Scenario Outline: a handler is running when the stream ends by <end>
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer <ends>
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    When the subject is joined as "join"
    Then "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-1 @must
  Scenario Outline: a handler waits for the peer's answer when the stream ends by <end>
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject has sent 1 requests
    When the peer <ends>
    Then the subject answers tag 1 with a failure

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @SHD-5 @must
  Scenario Outline: a request is pending after a shutdown when the stream ends by <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the subject is joined as "join"
    And the peer <ends>
    Then "a" is cancelled
    And "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |
