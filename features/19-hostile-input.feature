Feature: Malformed and hostile input
  Whatever ends the peer's stream leaves the connection in the same state.

  @BAD-1 @must
  Scenario Outline: a malformed packet ends the stream: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer sends <octets>
    Then "a" is cancelled
    And the subject ends its stream
    And "join" returns

    Examples:
      | case                   | octets                     |
      | an empty body          | 00 (not a packet)          |
      | a tag alone            | 01 01 (not a packet)       |
      | a request with no type | 02 01 02 (not a packet)    |
      | has_channel and none   | 02 01 01 (not a packet)    |
      | a tag that goes on     | 02 81 81 (not a packet)    |
      | a type that goes on    | 03 01 02 81 (not a packet) |
      | a channel but no type  | 03 01 03 05 (not a packet) |

  @BAD-1 @must
  Scenario: a malformed packet ends the stream without a handler too
    Given a connection without a request handler
    When the peer sends 02 01 02 (not a packet)
    Then the subject ends its stream

  @BAD-1 @must
  Scenario: a request accepted before a malformed packet is answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer sends 00 (not a packet)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @BAD-2 @must
  Scenario Outline: a stream cut inside a packet ends as at EOF: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer sends <octets>
    And the peer ends its stream without EOF
    Then "a" is cancelled
    And the subject ends its stream
    And "join" returns
    And the handler was not called

    Examples:
      | case                 | octets                           |
      | inside the length    | 81 (not a packet)                |
      | after the length     | 05 (not a packet)                |
      | inside the tag       | 05 81 (not a packet)             |
      | after the word       | 05 01 02 (not a packet)          |
      | inside the payload   | 05 01 02 03 68 (not a packet)    |
      | inside EOF           | 03 00 02 (not a packet)          |
      | after 70000 octets   | 85 bf 20 01 02 03 61*70000 (not a packet) |

  @BAD-2 @must
  Scenario: a response cut inside its payload answers nothing
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "hi"), cut before its last octet
    And the peer ends its stream without EOF
    Then "a" is cancelled
    And the subject ends its stream

  @BAD-3 @should
  Scenario Outline: malformed input is reported: <case>
    Given a connection
    When the subject is joined as "join"
    And the peer sends <octets>
    Then "join" returns, telling the end as malformed

    Examples:
      | case                   | octets                      |
      | an empty body          | 00 (not a packet)           |
      | a request with no type | 02 01 02 (not a packet)     |

  @BAD-3 @should
  Scenario: a cut packet is reported
    Given a connection
    When the subject is joined as "join"
    And the peer sends 05 01 02 (not a packet)
    And the peer ends its stream without EOF
    Then "join" returns, telling the end as cut

  @BAD-3 @should
  Scenario: a cut length is reported
    Given a connection
    When the subject is joined as "join"
    And the peer sends 81 (not a packet)
    And the peer ends its stream without EOF
    Then "join" returns, telling the end as cut

  @BAD-4 @should
  Scenario Outline: a declared length of <length> costs no memory
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <octets>
    And the peer ends its stream without EOF
    Then "a" is cancelled
    And the subject ends its stream
    And the handler was not called

    Examples:
      | length | octets                                                       |
      | 2^42   | 81 80 80 80 80 80 00 01 02 03 (not a packet)                 |
      | 2^62   | c0 80 80 80 80 80 80 80 00 01 02 03 (not a packet)           |

  @BAD-2 @must
  Scenario Outline: a length of <length> is not taken for one of 4
    Given a connection
    When the peer sends <octets>
    And the peer ends its stream without EOF
    Then the subject ends its stream
    And the handler was not called

    Examples:
      | length   | octets                                    |
      | 2^21 + 4 | 81 80 80 04 01 02 03 61 (not a packet)    |
      | 2^32 + 4 | 90 80 80 80 04 01 02 03 61 (not a packet) |

  @BAD-2 @must @outside
  Scenario: a length that never ends, and then the stream does
    Given a connection
    When the peer sends ff*200
    And the peer ends its stream without EOF
    Then the subject ends its stream

  @BAD-1 @must
  Scenario Outline: a malformed packet after <before> ends the stream
    Given a connection
    When the peer sends <octets>
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And the subject ends its stream

    Examples:
      | before                          | octets                    |
      | a request in the same write     | 04 01 02 03 61 00         |
      | a request, with more behind it  | 04 01 02 03 61 00 02 63 04 |

  @BAD-4 @should
  Scenario Outline: <n> declared lengths of <length> take no memory
    Given a connection
    Then <n> connections on which the peer sends <octets> take less than <half> octets of memory

    Examples:
      | n | length | octets                                | half      |
      | 8 | 2^23   | 04 01 02 03 61 84 80 80 00 01 02 03   | 33554432  |
      | 1 | 2^28   | 04 01 02 03 61 81 80 80 80 00 01 02   | 134217728 |

  @BAD-5 @should
  Scenario: answers that were sent cost no memory
    Given a connection
    Then the subject answers up to 4096 requests with 65536 octets each, and does not grow by half of that

  @BAD-5 @should
  Scenario: answers that were received cost no memory
    Given a connection
    Then the subject does up to 2048 requests that are answered with 65536 octets each, and does not grow by half of that

  @BAD-5 @should @outside
  Scenario: requests that were refused cost no memory
    Given a connection
    Then the subject refuses up to 4096 requests on channel 5 with 65536 octets each, and does not grow by half of that

  @BAD-5 @should
  Scenario: requests that were refused for want of a handler cost no memory
    Given a connection without a request handler
    Then the subject refuses up to 2048 requests on channel 0 with 65536 octets each, and does not grow by half of that

  @BAD-5 @should
  Scenario: duplicates that were refused cost no memory
    Given a connection
    When the peer sends 04 00 02 07 67 (request: tag 0, wire type 7, payload "g")
    Then the subject refuses up to 2048 requests with the tag 0 and 65536 octets each, and does not grow by half of that

  @BAD-5 @should @outside
  Scenario: responses to no request cost no memory
    Given a connection
    Then the subject drops up to 2048 responses with 65536 octets each, and does not grow by half of that

  @BAD-5 @should @dialect-2021
  Scenario: requests that came after the shutdown cost no memory
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the subject is shut down as "shutdown"
    Then the subject takes no more requests
    And the subject drops up to 2048 requests with 65536 octets each, and does not grow by half of that

  @BAD-5 @should
  Scenario: connections that are over cost neither memory nor files
    Given a connection
    Then up to 256 connections with 1048576 octets each come and go, and the subject does not grow by half of that
