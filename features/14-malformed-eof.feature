Feature: The malformed EOF packet
  A request on channel 0 with wire type 0 and anything that EOF has not.

  @MEO-1 @must
  Scenario Outline: it ends the stream: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <octets>
    Then "a" is cancelled
    And the subject ends its stream
    And the handler was not called

    Examples:
      | case           | octets                                                                            |
      | a tag          | 03 05 02 00 (request: tag 5, wire type 0)                                         |
      | flags          | 03 00 06 00 (request: tag 0, flags 1, wire type 0)                                |
      | a payload      | 04 00 02 00 78 (request: tag 0, wire type 0, payload "x")                         |
      | all of them    | 04 05 06 00 78 (request: tag 5, flags 1, wire type 0, payload "x")                |
      | a tag, and channel 0 written | 04 05 03 00 00 (request: tag 5, wire type 0)                        |

    @dialect-2021
    Examples:
      | case           | octets                                                                            |
      | the later ERQ  | 03 01 02 00 (request: tag 1, wire type 0)                                         |

  @MEO-1 @must
  Scenario: what follows it is ignored
    Given a connection
    When the peer sends 03 05 02 00 04 01 02 03 61 (request: tag 5, wire type 0; request: tag 1, wire type 3, payload "a")
    Then the subject ends its stream
    And the handler was not called

  @MEO-4 @should @dialect-2021
  Scenario: it ends the stream after a shutdown too
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 03 05 02 00 (request: tag 5, wire type 0)
    Then "a" is cancelled

  @MEO-4 @MEO-5 @should @dialect-2021
  Scenario: it ends the stream after a shutdown, without a request handler too
    Given a connection without a request handler
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 03 05 02 00 (request: tag 5, wire type 0)
    Then "a" is cancelled

  @MEO-5 @should
  Scenario: it ends the stream, though its tag is that of a request in flight
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 05 02 07 67 (request: tag 5, wire type 7, payload "g")
    Then the handler was called 1 times
    When the peer sends 03 05 02 00 (request: tag 5, wire type 0)
    Then "a" is cancelled
    When gate "g" is released
    Then the subject answers 03 05 04 67 (response: tag 5, ok, payload "g")
    And the subject ends its stream

  @MEO-2 @must
  Scenario: on another channel it is refused, and the stream goes on
    Given a connection
    When the peer sends 04 05 03 07 00 (request: channel 7, tag 5, wire type 0)
    Then the subject answers tag 5 on channel 7 with a failure
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

  @MEO-3 @should
  Scenario Outline: it is reported as malformed: <case>
    Given a connection
    When the subject is joined as "join"
    And the peer sends <octets>
    Then "join" returns, telling the end as malformed

    Examples:
      | case       | octets                                                      |
      | a tag      | 03 05 02 00 (request: tag 5, wire type 0)                   |
      | flags      | 03 00 06 00 (request: tag 0, flags 1, wire type 0)          |
      | a payload  | 04 00 02 00 78 (request: tag 0, wire type 0, payload "x")   |
      | a tag of 2^32 | 07 90 80 80 80 00 02 00 (request: tag 2^32, wire type 0) |

  @MEO-2 @must
  Scenario: EOF on another channel is refused, and the stream goes on
    Given a connection
    When the peer sends 04 00 03 07 00 (request: channel 7, tag 0, wire type 0)
    Then the subject answers tag 0 on channel 7 with a failure
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

  @MEO-5 @should
  Scenario: it ends the stream without a request handler too
    Given a connection without a request handler
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 03 05 02 00 (request: tag 5, wire type 0)
    Then the subject ends its stream
    And "a" is cancelled

  @MEO-1 @must
  Scenario: what follows it is ignored, with channel 0 written
    Given a connection
    When the peer sends 04 05 03 00 00 04 01 02 03 61 03 00 02 00 (request: tag 5, wire type 0; request: tag 1, wire type 3, payload "a"; EOF)
    Then the subject ends its stream
    And the handler was not called

  @MEO-1 @must @outside
  Scenario: a malformed EOF packet with a large payload ends the stream
    Given a connection
    When the peer sends 1f 00 02 00 61*28 (request: tag 0, wire type 0, payload 61*28)
    Then the subject ends its stream

  @MEO-1 @must @dialect-2021 @outside
  Scenario: a malformed EOF packet whose type is longer than need be ends the stream
    Given a connection
    When the peer sends 04 01 02 80 00 (request: tag 1, wire type 0)
    Then the subject ends its stream
