Feature: Channels
  The responder serves channel 0.

  @CHN-1 @must
  Scenario Outline: a request on channel <channel> is refused
    Given a connection
    When the peer sends <octets>
    Then the subject answers tag 1 on channel <channel> with a failure
    And the handler was not called

    Examples:
      | channel | octets                                                                 |
      | 1       | 05 01 03 01 03 61 (request: channel 1, tag 1, wire type 3, payload "a")       |
      | 5       | 05 01 03 05 03 61 (request: channel 5, tag 1, wire type 3, payload "a")       |
      | 300     | 06 01 03 82 2c 03 61 (request: channel 300, tag 1, wire type 3, payload "a")  |

  @CHN-1 @must
  Scenario: after a request on an unknown channel the connection goes on
    Given a connection
    When the peer sends 05 01 03 05 03 61 (request: channel 5, tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 on channel 5 with a failure
    When the peer sends 04 02 02 03 62 (request: tag 2, wire type 3, payload "b")
    Then the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")

  @CHN-1 @must
  Scenario: a request written with channel 0 is on channel 0
    Given a connection
    When the peer sends 05 01 03 00 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

  @CHN-4 @may @outside
  Scenario Outline: the refusal names the channel <channel>
    Given a connection
    When the peer sends <octets>
    Then the subject answers tag 1 on channel <channel> with a failure that tells "<channel>"

    Examples:
      | channel | octets                                                         |
      | 5       | 04 01 03 05 03 (request: channel 5, tag 1, wire type 3)        |
      | 300     | 05 01 03 82 2c 03 (request: channel 300, tag 1, wire type 3)   |

  @CHN-2 @may
  Scenario: a request of the subject's on channel 5
    Given a connection
    When the subject requests type 2 as "a" (channel 5, payload "x")
    Then the subject sends the request of "a" (channel 5, wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @CHN-2 @may
  Scenario: a response on channel 0 does not answer a request on channel 5
    Given a connection
    When the subject requests type 2 as "a" (channel 5, payload "x")
    Then the subject sends the request of "a" (channel 5, wire type 3, payload "x")
    When the peer answers "a" (channel 0, ok, payload "wrong")
    And the peer answers "a" (ok, payload "right")
    Then "a" is answered (ok, payload "right")

  @CHN-3 @must
  Scenario: a response on another channel does not answer a request on channel 0
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (channel 5, ok, payload "wrong")
    And the peer answers "a" (ok, payload "right")
    Then "a" is answered (ok, payload "right")

  @CHN-3 @must
  Scenario: a response written with channel 0 answers a request on channel 0
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y"), with channel 0 written
    Then "a" is answered (ok, payload "y")

  @CHN-1 @must
  Scenario: a refusal on another channel leaves the request with the same tag alone
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 05 01 03 05 03 61 (request: channel 5, tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 on channel 5 with a failure
    When gate "g" is released
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")

  @CHN-1 @must
  Scenario Outline: a request on channel <channel> is refused there
    Given a connection
    When the peer sends <request>
    Then the subject answers tag 1 on channel <n> with a failure
    And the handler was not called

    Examples:
      | channel  | request                                                                                      | n          |
      | 256      | 06 01 03 82 00 03 78 (request: channel 256, tag 1, wire type 3, payload "x")                 | 256        |
      | 65536    | 07 01 03 84 80 00 03 78 (request: channel 65536, tag 1, wire type 3, payload "x")            | 65536      |
      | 2^32     | 09 01 03 90 80 80 80 00 03 78 (request: channel 4294967296, tag 1, wire type 3, payload "x") | 4294967296 |
      | 2^32 + 5 | 09 01 03 90 80 80 80 05 03 78 (request: channel 4294967301, tag 1, wire type 3, payload "x") | 4294967301 |

  @CHN-1 @must @outside
  Scenario: a refusal has the whole of a large tag
    Given a connection
    When the peer sends 09 90 80 80 80 07 03 05 03 78 (request: channel 5, tag 4294967303, wire type 3, payload "x")
    Then the subject answers tag 4294967303 on channel 5 with a failure

  @CHN-1 @must @outside
  Scenario: the flags of a request do not make its refusal ok
    Given a connection
    When the peer sends 05 01 17 03 03 78 (request: channel 3, tag 1, flags 0x5, wire type 3, payload "x")
    Then the subject answers tag 1 on channel 3 with a failure

  @CHN-1 @must @outside
  Scenario: every request on a channel is refused, not only the first
    Given a connection
    When the peer sends 05 01 03 05 03 78 (request: channel 5, tag 1, wire type 3, payload "x")
    And the peer sends 05 02 03 05 03 79 (request: channel 5, tag 2, wire type 3, payload "y")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers tag 1 on channel 5 with a failure
    And the subject answers tag 2 on channel 5 with a failure
    And the subject ends its stream

  @CHN-1 @must
  Scenario: without a handler a request on another channel is refused there
    Given a connection without a request handler
    When the peer sends 05 01 03 05 03 78 (request: channel 5, tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 on channel 5 with a failure

  @CHN-5 @must
  Scenario Outline: a channel that is not offered is refused, and nothing is sent: <asked>
    Given a connection
    Then the subject refuses to <asked>, unless it offers channels
    When the subject requests type 0 as "a"
    Then the subject sends the request of "a" (wire type 1)
    And the subject has sent nothing more

    Examples:
      | asked                        |
      | request type 2 (channel 5)   |
      | do type 2 (channel 300)      |
