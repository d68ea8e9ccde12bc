Feature: Requests
  The type that a requester asks for goes over the wire plus one.

  @RQS-1 @must
  Scenario Outline: a request goes out: <case>
    Given a connection
    When the subject requests type <type> as "a" (<asked>)
    Then the subject sends the request of "a" (<sent>)

    Examples:
      | case                  | type  | asked                        | sent                                              |
      | type 0                | 0     | no payload                   | wire type 1                                       |
      | type 1                | 1     | no payload                   | wire type 2                                       |
      | type 126              | 126   | no payload                   | wire type 127                                     |
      | type 127              | 127   | no payload                   | wire type 128                                     |
      | type 16383            | 16383 | no payload                   | wire type 16384                                   |
      | flags                 | 2     | flags 0x55                   | flags 0x55, wire type 3                           |
      | flags of two octets   | 2     | flags 300                    | flags 300, wire type 3                            |
      | a payload             | 2     | payload "hello"              | wire type 3, payload "hello"                      |
      | a payload of 00 ff    | 2     | payload 00 ff                | wire type 3, payload 00 ff                        |
      | flags and payload     | 2     | flags 7, payload "hello"     | flags 7, wire type 3, payload "hello"             |
      | a payload of 70000    | 2     | payload 61*70000             | wire type 3, payload 61*70000                     |

  @RQS-1 @must
  Scenario: requests go out in the order in which they are submitted
    Given a connection
    When the subject requests type 2 as "a" (payload "first")
    And the subject requests type 2 as "b" (payload "second")
    And the subject requests type 2 as "c" (payload "third")
    Then the subject sends the request of "a" (wire type 3, payload "first")
    And the subject sends the request of "b" (wire type 3, payload "second")
    And the subject sends the request of "c" (wire type 3, payload "third")

  @RQS-1 @must
  Scenario: requests that wait to be flushed go out in order, be they large or small
    Given a connection with a grace of 0.2 s
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload 79*5000)
    And the subject requests type 2 as "c" (payload "z")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload 79*5000)
    And the subject sends the request of "c" (wire type 3, payload "z")

  @RQS-1 @must
  Scenario Outline: do sends a request and gives its answer, <answer>
    Given a connection
    When the subject does type 2 as "a" (flags 7, payload "hello")
    Then the subject sends the request of "a" (flags 7, wire type 3, payload "hello")
    When the peer answers "a" (<answer>)
    Then "a" is answered (<answer>)

    Examples:
      | answer                         |
      | ok, flags 9, payload "bye"     |
      | failed, flags 5, payload "abc" |

  @RQS-2 @must
  Scenario Outline: the handler gets <case>
    Given a connection
    When the peer sends <octets>
    Then the subject answers <answer>
    And the handler got (<got>)

    Examples:
      | case                   | octets                                                                       | answer                                                   | got                              |
      | type 0 of wire type 1  | 03 01 02 01 (request: tag 1, wire type 1)                                    | 02 01 04 (response: tag 1, ok)                           | type 0                           |
      | flags                  | 04 01 82 56 01 (request: tag 1, flags 0x55, wire type 1)                     | 02 01 04 (response: tag 1, ok)                           | type 0, flags 0x55               |
      | a payload              | 05 01 02 01 68 69 (request: tag 1, wire type 1, payload "hi")                | 02 01 04 (response: tag 1, ok)                           | type 0, payload "hi"             |
      | octets that are no text | 05 01 02 03 ff fe (request: tag 1, wire type 3, payload ff fe)              | 04 01 04 ff fe (response: tag 1, ok, payload ff fe)      | type 2, payload ff fe            |
      | all of them            | 05 01 1e 03 68 69 (request: tag 1, flags 7, wire type 3, payload "hi")       | 04 01 04 68 69 (response: tag 1, ok, payload "hi")       | type 2, flags 7, payload "hi"    |

  @RQS-2 @must
  Scenario: the handler gets requests in the order in which they come
    Given a connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends 04 02 02 03 62 (request: tag 2, wire type 3, payload "b")
    Then the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")
    And the handler got:
      | call                 |
      | type 2, payload "a"  |
      | type 2, payload "b"  |

  @RQS-2 @must
  Scenario: a payload stays as it came while others come
    Given a connection
    When the peer sends 05 01 02 07 67 67 (request: tag 1, wire type 7, payload "gg")
    And the peer sends 40 requests of wire type 3 with the payload "xy", from tag 2 on
    Then the subject answers the tags 2 to 41 (ok, payload "xy")
    When gate "gg" is released
    Then the subject answers 04 01 04 67 67 (response: tag 1, ok, payload "gg")

  @RQS-2 @must
  Scenario: 128 requests of 65536 octets each are handled
    Given a connection
    When the peer sends 128 requests of wire type 1 with 65536 octets each, from tag 1 on
    Then the subject answers the tags 1 to 128 (ok)

  @RQS-3 @must
  Scenario Outline: a negative type is an error, and nothing is sent: <how>
    Given a connection
    Then <asking> type <type> is refused as invalid
    When the subject requests type 0 as "a"
    Then the subject sends the request of "a" (wire type 1)
    And the subject has sent nothing more

    Examples:
      | how                 | asking     | type   |
      | requesting          | requesting | -1     |
      | doing               | doing      | -1     |
      | doing, far below 0  | doing      | -70001 |

  @RQS-4 @should
  Scenario Outline: negative flags are an error, and nothing is sent: <how>
    Given a connection
    Then <asking> type 2 (flags -1, <payload>) is refused as invalid
    When the subject requests type 0 as "a"
    Then the subject sends the request of "a" (wire type 1)
    And the subject has sent nothing more

    Examples:
      | how                        | asking     | payload     |
      | requesting                 | requesting | no payload  |
      | doing                      | doing      | no payload  |
      | requesting, with a payload | requesting | payload "a" |

  @RQS-1 @must
  Scenario Outline: a payload of <size> octets goes out
    Given a connection
    When the subject requests type 2 as "a" (payload 61*<size>)
    Then the subject sends the request of "a" (wire type 3, payload 61*<size>)
    When the peer answers "a" (ok, payload 62*<size>)
    Then "a" is answered (ok, payload 62*<size>)

    Examples:
      | size    |
      | 124     |
      | 125     |
      | 16380   |
      | 16381   |
      | 65536   |
      | 1048576 |

  @RQS-1 @must
  Scenario: 64 requests are in flight at once
    Given a connection
    When the subject requests type 2, 64 times, as "a" (payload "#")
    Then the subject sends the 64 requests of "a" (wire type 3, payload "#")
    When the peer answers the 64 requests of "a", the last one first (ok, payload "to #")
    Then the 64 requests of "a" are answered (ok, payload "to #")

  @RQS-2 @must
  Scenario Outline: a type of <type> and more reaches the handler whole
    Given a connection
    When the peer sends <request>
    Then the subject answers tag 1 with a failure

    Examples:
      | type | request                                                                        |
      | 2^8  | 05 01 02 82 03 78 (request: tag 1, wire type 259, payload "x")                 |
      | 2^32 | 08 01 02 90 80 80 80 03 78 (request: tag 1, wire type 4294967299, payload "x") |

  @RQS-1 @must @dialect-2021
  Scenario Outline: type <type> goes out whole
    Given a connection
    When the subject requests type <type> as "a" (payload "x")
    Then the subject sends <request>

    Examples:
      | type       | request                                                                        |
      | 255        | 05 01 02 82 00 78 (request: tag 1, wire type 256, payload "x")                 |
      | 256        | 05 01 02 82 01 78 (request: tag 1, wire type 257, payload "x")                 |
      | 65535      | 06 01 02 84 80 00 78 (request: tag 1, wire type 65536, payload "x")            |
      | 65536      | 06 01 02 84 80 01 78 (request: tag 1, wire type 65537, payload "x")            |
      | 4294967295 | 08 01 02 90 80 80 80 00 78 (request: tag 1, wire type 4294967296, payload "x") |
      | 4294967296 | 08 01 02 90 80 80 80 01 78 (request: tag 1, wire type 4294967297, payload "x") |

  @RQS-1 @must @dialect-2021
  Scenario Outline: flags <flags> go out whole
    Given a connection
    When the subject requests type 2 as "a" (flags <flags>, payload "x")
    Then the subject sends <request>

    Examples:
      | flags              | request                                                                                                     |
      | 0x101              | 05 01 88 06 03 78 (request: tag 1, flags 0x101, wire type 3, payload "x")                                   |
      | 0x10001            | 06 01 90 80 06 03 78 (request: tag 1, flags 0x10001, wire type 3, payload "x")                              |
      | 0x100000001        | 08 01 c0 80 80 80 06 03 78 (request: tag 1, flags 0x100000001, wire type 3, payload "x")                    |
      | 0x20000000000001   | 0b 01 c0 80 80 80 80 80 80 06 03 78 (request: tag 1, flags 0x20000000000001, wire type 3, payload "x")      |
      | 0x1000000000000000 | 0c 01 c0 80 80 80 80 80 80 80 02 03 78 (request: tag 1, flags 0x1000000000000000, wire type 3, payload "x") |
