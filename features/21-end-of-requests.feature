@dialect-2024
Feature: The end of requests
  A peer of the later dialect says by ERQ, 03 01 02 00, that it will request no more.

  @ERQ-1 @must
  Scenario: a shutdown sends ERQ, and EOF after it
    Given a connection
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    And the subject has sent nothing more
    When the peer sends 03 01 02 00 (ERQ)
    And the peer sends 03 00 02 00 (EOF)
    Then the subject's stream ends
    And "shutdown" returns

  @ERQ-1 @must
  Scenario: ERQ comes after the last request, and once
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    And the subject has sent nothing more
    When the peer sends 03 00 02 00 (EOF)
    Then the subject's stream ends

  @ERQ-1 @must
  Scenario: two shutdowns send ERQ and EOF once
    Given a connection
    When the subject is shut down as "one"
    And the subject is shut down as "two"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    And the subject has sent nothing more

  @ERQ-1 @must
  Scenario Outline: after the peer's end, by <end>, a shutdown sends ERQ and EOF
    Given a connection
    When the subject is joined as "join"
    And the peer <ends>
    Then "join" returns
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    And the subject's stream ends
    And "shutdown" returns

    Examples:
      | end               | ends                                                                       |
      | ERQ and EOF       | sends 03 01 02 00 03 00 02 00 (ERQ; EOF)           |
      | EOF alone         | sends 03 00 02 00 (EOF)                                                    |
      | the octets' end   | ends its stream without EOF                                                |

  @ERQ-2 @must
  Scenario: a handler that runs at the shutdown answers between ERQ and EOF
    Given a connection
    When the peer sends 04 02 02 07 67 (request: tag 2, wire type 7, payload "g")
    And the peer sends 04 03 02 03 61 (request: tag 3, wire type 3, payload "a")
    Then the subject answers 03 03 04 61 (response: tag 3, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 02 04 67 (response: tag 2, ok, payload "g")
    And the subject sends 03 00 02 00 (EOF)
    When the peer sends 03 01 02 00 (ERQ)
    And the peer sends 03 00 02 00 (EOF)
    Then the subject's stream ends
    And "shutdown" returns

  @ERQ-3 @should
  Scenario: a request that crosses the subject's ERQ is answered
    Given a connection
    When the peer sends 04 02 02 07 67 (request: tag 2, wire type 7, payload "g")
    And the peer sends 04 03 02 03 61 (request: tag 3, wire type 3, payload "a")
    Then the subject answers 03 03 04 61 (response: tag 3, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    When the peer sends 04 04 02 03 62 (request: tag 4, wire type 3, payload "b")
    And the peer sends 05 05 03 05 03 61 (request: channel 5, tag 5, wire type 3, payload "a")
    Then the subject answers tag 5 on channel 5 with a failure
    When gate "g" is released
    Then the subject answers 03 02 04 67 (response: tag 2, ok, payload "g")
    And the subject answers 03 04 04 62 (response: tag 4, ok, payload "b")

  @ERQ-4 @must
  Scenario Outline: the peer's ERQ ends nothing: <case>
    Given a connection
    When the subject is joined as "join"
    And the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends <octets>
    Then "a" is not answered
    And "join" has not returned
    And the subject has sent nothing more
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")

    Examples:
      | case                      | octets                                                        |
      | the shortest form         | 03 01 02 00 (ERQ)                     |
      | has_channel and channel 0 | 04 01 03 00 00 (ERQ)                  |
      | an overlong tag           | 04 80 01 02 00 (ERQ)                  |
      | an overlong word          | 04 01 80 02 00 (ERQ)                  |
      | an overlong type          | 04 01 02 80 00 (ERQ)                  |
      | an overlong length        | 80 03 01 02 00 (ERQ)                  |

  @ERQ-4 @must
  Scenario: after the peer's ERQ the subject requests and is answered
    Given a connection
    When the peer sends 03 01 02 00 (ERQ)
    And the peer sends 05 04 03 05 03 61 (request: channel 5, tag 4, wire type 3, payload "a")
    Then the subject answers tag 4 on channel 5 with a failure
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @ERQ-5 @must
  Scenario: what was accepted before the peer's ERQ is answered after it
    Given a connection
    When the peer sends 04 02 02 07 67 (request: tag 2, wire type 7, payload "g")
    And the peer sends 03 01 02 00 (ERQ)
    Then the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 02 04 67 (response: tag 2, ok, payload "g")

  @ERQ-6 @should
  Scenario: a request after the peer's ERQ is refused, and the connection goes on
    Given a connection
    When the peer sends 03 01 02 00 04 04 02 03 61 (ERQ; request: tag 4, wire type 3, payload "a")
    Then the subject answers tag 4 with a failure
    And the handler was not called
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @ERQ-7 @should
  Scenario: a second ERQ is ignored
    Given a connection
    When the peer sends 03 01 02 00 03 01 02 00 (ERQ; ERQ)
    And the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @ERQ-8 @must
  Scenario Outline: what is nearly ERQ is a malformed EOF: <case>
    Given a connection
    When the subject is joined as "join"
    And the peer sends <octets>
    And the peer sends 04 04 02 03 61 (request: tag 4, wire type 3, payload "a")
    Then "join" returns
    When the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    And the subject's stream ends
    And the handler was not called

    Examples:
      | case            | octets                                                       |
      | tag 2           | 03 02 02 00 (request: tag 2, wire type 0)                    |
      | flags           | 03 01 06 00 (request: tag 1, flags 1, wire type 0)           |
      | a payload       | 04 01 02 00 78 (request: tag 1, wire type 0, payload "x")    |

  @ERQ-9 @should
  Scenario: ERQ on another channel is refused, and the requests go on
    Given a connection
    When the peer sends 04 01 03 05 00 (request: channel 5, tag 1, wire type 0)
    Then the subject answers tag 1 on channel 5 with a failure
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")

  @ERQ-10 @should
  Scenario: tags count from 2
    Given a connection
    When the subject requests type 0 as "a"
    And the subject requests type 0 as "b"
    Then the subject sends 03 02 02 01 (request: tag 2, wire type 1)
    And the subject sends 03 03 02 01 (request: tag 3, wire type 1)
    When the peer sends 02 02 04 (response: tag 2, ok)
    Then "a" is answered (ok)
    When the subject requests type 0 as "c"
    Then the subject sends 03 04 02 01 (request: tag 4, wire type 1)

  @ERQ-11 @must
  Scenario Outline: a request of the peer's with the tag <tag> is answered as any
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>
    When the peer sends 04 05 02 03 62 (request: tag 5, wire type 3, payload "b")
    Then the subject answers 03 05 04 62 (response: tag 5, ok, payload "b")

    Examples:
      | tag | request                                                   | response                                       |
      | 1   | 04 01 02 03 61 (request: tag 1, wire type 3, payload "a") | 03 01 04 61 (response: tag 1, ok, payload "a") |
      | 0   | 04 00 02 03 61 (request: tag 0, wire type 3, payload "a") | 03 00 04 61 (response: tag 0, ok, payload "a") |

  @ERQ-12 @must
  Scenario: a peer's ERQ after the subject's EOF is taken
    Given a connection
    When the subject is joined as "join"
    And the subject is shut down as "shutdown"
    Then the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
    When the peer sends 03 01 02 00 (ERQ)
    Then "join" has not returned
    And the subject has sent nothing more
    When the peer sends 03 00 02 00 (EOF)
    Then the subject's stream ends
    And "shutdown" returns
    And "join" returns

  @ERQ-13 @should
  Scenario: a shutdown waits for the subject's pending requests before EOF
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the subject is shut down as "shutdown"
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "a" is answered (ok, payload "y")
    And the subject sends 03 01 02 00 (ERQ)
    And the subject sends 03 00 02 00 (EOF)
