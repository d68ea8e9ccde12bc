Feature: Responses
  A response has the channel and tag of its request, and the flags
  handler_flags << 1 | ok.

  @RSP-1 @must
  Scenario Outline: the flags of a result, <flags>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | flags   | request                                                             | response                                               |
      | 0       | 03 01 02 02 (request: tag 1, wire type 2)                           | 02 01 04 (response: tag 1, packet flags 1)             |
      | 1       | 03 01 06 02 (request: tag 1, flags 1, wire type 2)                  | 02 01 0c (response: tag 1, packet flags 3)             |
      | 0x55    | 04 01 82 56 02 (request: tag 1, flags 0x55, wire type 2)            | 03 01 85 2c (response: tag 1, packet flags 0xab)       |

  @RSP-1 @must
  Scenario Outline: the tag of a response, <tag>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | tag   | request                                          | response                                |
      | 1     | 03 01 02 01 (request: tag 1, wire type 1)        | 02 01 04 (response: tag 1, ok)          |
      | 127   | 03 7f 02 01 (request: tag 127, wire type 1)      | 02 7f 04 (response: tag 127, ok)        |
      | 16384 | 05 81 80 00 02 01 (request: tag 16384, wire type 1) | 04 81 80 00 04 (response: tag 16384, ok) |

  @RSP-1 @must
  Scenario: a failure has the ok bit 0
    Given a connection
    When the peer sends 07 90 80 80 80 07 02 06 (request: tag 4294967303, wire type 6)
    Then the subject answers tag 4294967303 with a failure

  @RSP-2 @must
  Scenario Outline: the result of an ok response: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (<response>)
    Then "a" is answered (<result>)

    Examples:
      | case              | response                         | result                       |
      | nothing           | packet flags 1                   | ok                           |
      | flags 1           | packet flags 3                   | ok, flags 1                  |
      | flags 0x55        | packet flags 0xab                | ok, flags 0x55               |
      | flags 2^32        | packet flags 0x200000001         | ok, flags 2^32               |
      | a payload         | packet flags 1, payload "hello"  | ok, payload "hello"          |
      | flags and payload | packet flags 5, payload 00 ff    | ok, flags 2, payload 00 ff   |
      | a large payload   | packet flags 1, payload 62*70000 | ok, payload 62*70000         |
      | flags 2^30        | packet flags 0x80000001          | ok, flags 2^30               |
      | flags 2^28        | packet flags 0x20000001          | ok, flags 2^28               |

  @RSP-2 @must
  Scenario: results that are waited for late are as they came
    Given a connection
    When the subject requests type 2 as "a" (payload "a"), to be waited for later
    And the subject requests type 2 as "b" (payload "b"), to be waited for later
    And the subject requests type 2 as "c" (payload "c")
    Then the subject sends the request of "a" (wire type 3, payload "a")
    And the subject sends the request of "b" (wire type 3, payload "b")
    And the subject sends the request of "c" (wire type 3, payload "c")
    When the peer answers "a" (ok, flags 1, payload "to a")
    And the peer answers "b" (ok, flags 2, payload "to b")
    And the peer answers "c" (ok, flags 3, payload "to c")
    Then "c" is answered (ok, flags 3, payload "to c")
    And "b" is answered (ok, flags 2, payload "to b")
    And "a" is answered (ok, flags 1, payload "to a")

  @RSP-3 @must
  Scenario Outline: the result of a failure response: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (<response>)
    Then "a" is answered (<result>)

    Examples:
      | case              | response                          | result                           |
      | nothing           | packet flags 0                    | failed                           |
      | a text            | packet flags 0, payload "no"      | failed, payload "no"             |
      | flags 2^30        | packet flags 0x80000000           | failed, flags 2^30               |
      | flags             | packet flags 0xaa                 | failed, flags 0x55               |
      | flags and payload | packet flags 2, payload 00 ff     | failed, flags 1, payload 00 ff   |

  @RSP-4 @must
  Scenario: responses come in the opposite order
    Given a connection
    When the subject requests type 2 as "a" (payload "a")
    And the subject requests type 2 as "b" (payload "b")
    And the subject requests type 2 as "c" (payload "c")
    Then the subject sends the request of "a" (wire type 3, payload "a")
    And the subject sends the request of "b" (wire type 3, payload "b")
    And the subject sends the request of "c" (wire type 3, payload "c")
    When the peer answers "c" (ok, payload "to c")
    And the peer answers "b" (ok, payload "to b")
    And the peer answers "a" (ok, payload "to a")
    Then "a" is answered (ok, payload "to a")
    And "b" is answered (ok, payload "to b")
    And "c" is answered (ok, payload "to c")

  @RSP-4 @must
  Scenario: a later request is answered while an earlier one is pending
    Given a connection
    When the subject requests type 2 as "a" (payload "a")
    And the subject requests type 2 as "b" (payload "b")
    Then the subject sends the request of "a" (wire type 3, payload "a")
    And the subject sends the request of "b" (wire type 3, payload "b")
    When the peer answers "b" (ok, payload "to b")
    Then "b" is answered (ok, payload "to b")
    And "a" is not answered

  @RSP-5 @must
  Scenario Outline: a response to no request is ignored: <case>
    Given a connection
    When the peer sends <stray>
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject sends 03 01 04 61 (response: tag 1, ok, payload "a")
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")

    Examples:
      | case            | stray                                                          |
      | an unknown tag  | 04 63 04 68 69 (response: tag 99, ok, payload "hi")            |
      | a failure       | 04 63 00 68 69 (response: tag 99, failed, payload "hi")        |
      | another channel | 05 63 05 07 68 69 (response: channel 7, tag 99, ok, payload "hi") |
      | tag 0           | 02 00 04 (response: tag 0, ok)                                 |

  @RSP-5 @must
  Scenario: a response to no request answers none that is pending
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers tag 77 (ok, payload "wrong")
    Then "a" is not answered
    When the peer answers "a" (ok, payload "right")
    Then "a" is answered (ok, payload "right")

  @RSP-5 @must
  Scenario: a response that comes before its request does not answer it
    Given a connection
    When the peer answers tag 1 (ok, payload "wrong")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And "a" is not answered
    When the peer answers "a" (ok, payload "right")
    Then "a" is answered (ok, payload "right")

  @RSP-5 @must
  Scenario: a response answers no request of another connection
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    Given another connection
    When the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "b" (wire type 3, payload "y")
    When the peer answers "b" (ok, payload "to b")
    Then "b" is answered (ok, payload "to b")
    Given the first connection again
    Then "a" is not answered
    When the peer answers "a" (ok, payload "to a")
    Then "a" is answered (ok, payload "to a")

  @RSP-6 @must
  Scenario: a second response to a request is ignored
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "first")
    And the peer answers "a" (ok, payload "second")
    Then "a" is answered (ok, payload "first")
    When the subject requests type 2 as "b" (payload "z")
    Then the subject sends the request of "b" (wire type 3, payload "z")
    When the peer answers "b" (ok, payload "third")
    Then "b" is answered (ok, payload "third")

  @RSP-5 @must
  Scenario: a response that is EOF but for its kind is ignored
    Given a connection
    When the peer sends 02 00 00 (response: tag 0)
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject sends 03 01 04 61 (response: tag 1, ok, payload "a")

  @RSP-6 @must
  Scenario: a second response does not take the place of the first
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), to be waited for later
    And the subject requests type 2 as "b" (payload "z")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "z")
    When the peer answers "a" (ok, payload "first")
    And the peer answers "a" (ok, payload "second")
    And the peer answers "b" (ok, payload "third")
    Then "b" is answered (ok, payload "third")
    And "a" is answered (ok, payload "first")

  @RSP-5 @must
  Scenario: a response answers no request that another connection sent later
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    Given another connection
    When the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "b" (wire type 3, payload "y")
    Given the first connection again
    When the peer answers "a" (ok, payload "to a")
    Then "a" is answered (ok, payload "to a")

  @RSP-5 @must @dialect-2021
  Scenario Outline: a response with tag <tag> does not answer tag 1
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <response>
    And the peer sends 05 01 04 79 65 73 (response: tag 1, ok, payload "yes")
    Then "a" is answered (ok, payload "yes")

    Examples:
      | tag      | response                                                                |
      | 257      | 05 82 01 04 6e 6f (response: tag 257, ok, payload "no")                 |
      | 65537    | 06 84 80 01 04 6e 6f (response: tag 65537, ok, payload "no")            |
      | 2^32 + 1 | 08 90 80 80 80 01 04 6e 6f (response: tag 4294967297, ok, payload "no") |

  @RSP-5 @must @dialect-2021
  Scenario Outline: a response on channel <channel> does not answer a request on channel 0
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <response>
    And the peer sends 05 01 04 79 65 73 (response: tag 1, ok, payload "yes")
    Then "a" is answered (ok, payload "yes")

    Examples:
      | channel | response                                                                              |
      | 5       | 05 01 05 05 6e 6f (response: channel 5, tag 1, ok, payload "no")                      |
      | 256     | 06 01 05 82 00 6e 6f (response: channel 256, tag 1, ok, payload "no")                 |
      | 2^32    | 09 01 05 90 80 80 80 00 6e 6f (response: channel 4294967296, tag 1, ok, payload "no") |

  @RSP-2 @must @dialect-2021
  Scenario Outline: flags <flags> of a response are told whole
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <response>
    Then "a" is answered (ok, flags <flags>, payload "y")

    Examples:
      | flags            | response                                                                                       |
      | 0x101            | 04 01 90 0c 79 (response: tag 1, ok, flags 0x101, payload "y")                                 |
      | 0x10001          | 05 01 a0 80 0c 79 (response: tag 1, ok, flags 0x10001, payload "y")                            |
      | 0x100000001      | 08 01 81 80 80 80 80 0c 79 (response: tag 1, ok, flags 0x100000001, payload "y")               |
      | 0x20000000000001 | 0b 01 81 80 80 80 80 80 80 80 0c 79 (response: tag 1, ok, flags 0x20000000000001, payload "y") |

  @RSP-3 @must @dialect-2021
  Scenario Outline: flags <flags> of a failure are told whole
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <response>
    Then "a" is answered (failed, flags <flags>, payload "y")

    Examples:
      | flags            | response                                                                                           |
      | 0x101            | 04 01 90 08 79 (response: tag 1, failed, flags 0x101, payload "y")                                 |
      | 0x10001          | 05 01 a0 80 08 79 (response: tag 1, failed, flags 0x10001, payload "y")                            |
      | 0x100000001      | 08 01 81 80 80 80 80 08 79 (response: tag 1, failed, flags 0x100000001, payload "y")               |
      | 0x20000000000001 | 0b 01 81 80 80 80 80 80 80 80 08 79 (response: tag 1, failed, flags 0x20000000000001, payload "y") |

  @RSP-3 @must
  Scenario: 300 octets of a failure are told whole
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (failed, payload 61*300)
    Then "a" is answered (failed, payload 61*300)

  @RSP-2 @must @dialect-2021
  Scenario: of two responses in one write the second, which is empty, is told as it came
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    When the peer sends:
      | octets         | meaning                             |
      | 05 01 04 61 62 63 | response: tag 1, ok, payload "abc"  |
      | 02 02 04       | response: tag 2, ok                 |
    Then "b" is answered (ok)
    And "a" is answered (ok, payload "abc")
