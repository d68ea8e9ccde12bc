Feature: Tags
  A tag identifies a request until it has been answered.

  @TAG-1 @should @dialect-2021
  Scenario: tags count from 1
    Given a connection
    When the subject requests type 0 as "a"
    And the subject requests type 0 as "b"
    And the subject requests type 0 as "c"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)
    And the subject sends 03 02 02 01 (request: tag 2, wire type 1)
    And the subject sends 03 03 02 01 (request: tag 3, wire type 1)

  @TAG-1 @should @dialect-2021
  Scenario: tags count on after an answer
    Given a connection
    When the subject requests type 0 as "a"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)
    When the peer sends 02 01 04 (response: tag 1, ok)
    Then "a" is answered (ok)
    When the subject requests type 0 as "b"
    Then the subject sends 03 02 02 01 (request: tag 2, wire type 1)

  @TAG-1 @should @dialect-2021
  Scenario: tags count for each connection
    Given a connection
    When the subject requests type 0 as "a"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)
    Given another connection
    When the subject requests type 0 as "b"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)

  @TAG-2 @must
  Scenario: requests in flight have different tags
    Given a connection
    When the subject requests type 0 as "a"
    And the subject requests type 0 as "b"
    Then the subject sends the request of "a" (wire type 1)
    And the subject sends the request of "b" (wire type 1)
    And the tags of "a" and "b" differ

  @TAG-2 @must
  Scenario: many requests in flight have different tags
    Given a connection
    When the subject requests type 2, 300 times at once, as "a" (payload "#")
    Then the subject sends, in any order, the 300 requests of "a" (wire type 3, payload "#")
    And the tags of the 300 requests of "a" differ
    When the peer answers "a-300" (ok, payload "to the last")
    And the peer answers "a-1" (ok, payload "to the first")
    Then "a-1" is answered (ok, payload "to the first")
    And "a-300" is answered (ok, payload "to the last")

  @TAG-1 @should @dialect-2021
  Scenario: the tags of 140 requests count on
    Given a connection
    When the subject requests type 0, 140 times at once, as "a"
    Then the subject sends, in any order, the 140 requests of "a" (tag #, wire type 1)

  @TAG-3 @should
  Scenario: a tag is used again after its answer
    Given a connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends 04 01 02 03 62 (request: tag 1, wire type 3, payload "b")
    And the peer sends 04 02 02 03 63 (request: tag 2, wire type 3, payload "c")
    Then the subject answers 03 02 04 63 (response: tag 2, ok, payload "c")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject answers 03 01 04 62 (response: tag 1, ok, payload "b")

  @TAG-3 @should
  Scenario: a tag is used again after a failure
    Given a connection
    When the peer sends 04 01 02 06 61 (request: tag 1, wire type 6, payload "a")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 62 (request: tag 1, wire type 3, payload "b")
    And the peer sends 04 02 02 03 63 (request: tag 2, wire type 3, payload "c")
    Then the subject answers 03 02 04 63 (response: tag 2, ok, payload "c")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject answers 03 01 04 62 (response: tag 1, ok, payload "b")

  @TAG-4 @must
  Scenario: a request whose tag is in flight is refused
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 with a failure

  @TAG-4 @must
  Scenario: a request whose tag is in flight does not reach the handler
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    And the peer sends 04 02 02 03 62 (request: tag 2, wire type 3, payload "b")
    Then the subject answers tag 1 with a failure
    And the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")
    And the handler gets, in any order:
      | call                 |
      | type 6, payload "g"  |
      | type 2, payload "b"  |

  @TAG-4 @must
  Scenario: a duplicate of a request that waits for a handler is refused
    Given a connection
    When the peer sends 12 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 04 0c 02 03 61 (request: tag 12, wire type 3, payload "a")
    Then the subject answers tag 12 with a failure

  @TAG-5 @should
  Scenario: the first of two requests with one tag is still answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 with a failure
    When the peer sends 03 00 02 00 (EOF)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @TAG-5 @should
  Scenario: a tag in flight is refused as often as it is used
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 62 (request: tag 1, wire type 3, payload "b")
    And the peer sends 04 02 02 03 63 (request: tag 2, wire type 3, payload "c")
    Then the subject answers 03 02 04 63 (response: tag 2, ok, payload "c")
    When gate "g" is released
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers tag 1 with a failure

  @TAG-6 @must
  Scenario: a request of the peer's and one of the subject's have the same tag
    Given a connection
    When the subject requests type 2 as "a" (payload "from the subject")
    Then the subject sends the request of "a" (wire type 3, payload "from the subject")
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And "a" is not answered
    When the peer answers "a" (ok, payload "from the peer")
    Then "a" is answered (ok, payload "from the peer")

  @TAG-6 @must
  Scenario Outline: a peer may pick any tag: <tag>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | tag     | request                                                                             | response                                                                     |
      | 0       | 04 00 02 03 61 (request: tag 0, wire type 3, payload "a")                           | 03 00 04 61 (response: tag 0, ok, payload "a")                               |
      | 128     | 05 81 00 02 03 61 (request: tag 128, wire type 3, payload "a")                      | 04 81 00 04 61 (response: tag 128, ok, payload "a")                          |
      | 2^32    | 08 90 80 80 80 00 02 03 61 (request: tag 2^32, wire type 3, payload "a")            | 07 90 80 80 80 00 04 61 (response: tag 2^32, ok, payload "a")                |
      | 2^61-1  | 0c 9f ff ff ff ff ff ff ff 7f 02 03 61 (request: tag 2^61-1, wire type 3, payload "a") | 0b 9f ff ff ff ff ff ff ff 7f 04 61 (response: tag 2^61-1, ok, payload "a") |

  @TAG-1 @should @dialect-2021
  Scenario: tags count on over channels
    Given a connection
    When the subject requests type 0 as "a"
    And the subject requests type 0 as "b" (channel 5)
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)
    And the subject sends 04 02 03 05 01 (request: channel 5, tag 2, wire type 1)

  @TAG-1 @should @dialect-2021
  Scenario Outline: a request refused as invalid takes no tag: <asked>
    Given a connection
    Then <asked> is refused as invalid
    When the subject requests type 0 as "a"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)

    Examples:
      | asked                           |
      | requesting type -1              |
      | requesting type 2 (flags -1)    |
      | requesting type -1 (channel 5)  |

  @TAG-1 @should @dialect-2021
  Scenario: a request refused for its channel takes no tag
    Given a connection
    Then the subject refuses to request type 2 (channel 5), unless it offers channels
    When the subject requests type 0 as "a"
    Then the subject sends 03 01 02 01 (request: tag 1, wire type 1)

  @TAG-4 @must
  Scenario Outline: a tag in flight is the same in any form: <case>
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends <octets>
    Then the subject answers tag 1 with a failure

    Examples:
      | case               | octets                                                           |
      | an overlong tag    | 05 80 01 02 03 61 (request: tag 1, wire type 3, payload "a")     |
      | channel 0, written | 05 01 03 00 03 61 (request: tag 1, wire type 3, payload "a")     |

  @TAG-6 @must
  Scenario Outline: tags 1 and <tag> are two tags
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends <request>
    Then the subject answers <response>
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")

    Examples:
      | tag      | request                                                                        | response                                                            |
      | 257      | 05 82 01 02 03 62 (request: tag 257, wire type 3, payload "b")                 | 04 82 01 04 62 (response: tag 257, ok, payload "b")                 |
      | 65537    | 06 84 80 01 02 03 62 (request: tag 65537, wire type 3, payload "b")            | 05 84 80 01 04 62 (response: tag 65537, ok, payload "b")            |
      | 2^32 + 1 | 08 90 80 80 80 01 02 03 62 (request: tag 4294967297, wire type 3, payload "b") | 07 90 80 80 80 01 04 62 (response: tag 4294967297, ok, payload "b") |

  @TAG-6 @must
  Scenario: tags 2^53 and 2^53 + 1 are two tags
    Given a connection
    When the peer sends 0b 90 80 80 80 80 80 80 00 02 07 67 (request: tag 2^53, wire type 7, payload "g")
    And the peer sends 0b 90 80 80 80 80 80 80 01 02 03 62 (request: tag 9007199254740993, wire type 3, payload "b")
    Then the subject answers 0a 90 80 80 80 80 80 80 01 04 62 (response: tag 9007199254740993, ok, payload "b")

  @TAG-3 @should
  Scenario: the tag of a refused request on another channel is free
    Given a connection
    When the peer sends 05 01 03 05 03 78 (request: channel 5, tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 on channel 5 with a failure
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")

  @TAG-5 @should
  Scenario: a refusal on another channel does not free the tag in flight
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 05 01 03 05 03 78 (request: channel 5, tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 on channel 5 with a failure
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers tag 1 with a failure
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")

  @TAG-5 @should
  Scenario: after two duplicates the first request is still answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 7a (request: tag 1, wire type 3, payload "z")
    Then the subject answers tag 1 with a failure
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    When the peer sends 04 01 02 03 62 (request: tag 1, wire type 3, payload "b")
    Then the subject answers 03 01 04 62 (response: tag 1, ok, payload "b")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject ends its stream

  @TAG-4 @must
  Scenario: a duplicate that is the same to the octet is refused
    Given a connection
    When the peer sends 08 90 80 80 80 07 02 07 67 (request: tag 4294967303, wire type 7, payload "g")
    And the peer sends 08 90 80 80 80 07 02 07 67 (request: tag 4294967303, wire type 7, payload "g")
    Then the subject answers tag 4294967303 with a failure

  @TAG-4 @must
  Scenario: a duplicate of tag 0 is refused
    Given a connection
    When the peer sends 04 00 02 07 67 (request: tag 0, wire type 7, payload "g")
    And the peer sends 04 00 02 03 78 (request: tag 0, wire type 3, payload "x")
    Then the subject answers tag 0 with a failure

  @TAG-4 @must
  Scenario: the flags of a duplicate do not make its refusal ok
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 16 03 78 (request: tag 1, flags 0x5, wire type 3, payload "x")
    Then the subject answers tag 1 with a failure

  @TAG-3 @should
  Scenario: a tag may be used again after an empty answer
    Given a connection
    When the peer sends 03 01 02 01 (request: tag 1, wire type 1)
    Then the subject answers 02 01 04 (response: tag 1, ok)
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")

  @TAG-3 @should
  Scenario: a tag is used again after it was refused for want of a handler
    Given a connection without a request handler
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 61 03 00 02 00 (request: tag 1, wire type 3, payload "a"; EOF)
    Then the subject answers tag 1 with a failure

  @TAG-3 @should
  Scenario: a tag may be used again after a result that is none of the five
    Given the implementation can give invalid replies
    And a connection
    When the peer sends 08 01 02 0b 66 6c 6f 61 74 (request: tag 1, wire type 11, payload "float")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")

  @TAG-3 @should
  Scenario: a tag may be used again after a large answer
    Given a connection
    When the peer sends 08 01 02 09 37 30 30 30 30 (request: tag 1, wire type 9, payload "70000")
    Then the subject answers tag 1 with 70000 octets, octet i being i mod 251
    When the peer sends 04 01 02 03 79 (request: tag 1, wire type 3, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")

  @TAG-1 @should @dialect-2021
  Scenario: a tag of the peer's in flight is not left out
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the subject requests type 2 as "a" (payload "x")
    Then the subject sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")

  @TAG-1 @should @dialect-2021
  Scenario: tags go on counting after all is answered
    Given a connection
    When the subject requests type 2 as "1" (payload "x")
    Then the subject sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")
    When the peer sends 03 01 04 79 (response: tag 1, ok, payload "y")
    Then "1" is answered (ok, payload "y")
    When the subject requests type 2 as "2" (payload "x")
    Then the subject sends 04 02 02 03 78 (request: tag 2, wire type 3, payload "x")
    When the peer sends 03 02 04 79 (response: tag 2, ok, payload "y")
    Then "2" is answered (ok, payload "y")
    When the subject requests type 2 as "3" (payload "x")
    Then the subject sends 04 03 02 03 78 (request: tag 3, wire type 3, payload "x")
    When the peer sends 03 03 04 79 (response: tag 3, ok, payload "y")
    Then "3" is answered (ok, payload "y")
    When the subject requests type 2 as "4" (payload "x")
    Then the subject sends 04 04 02 03 78 (request: tag 4, wire type 3, payload "x")
    When the peer sends 03 04 04 79 (response: tag 4, ok, payload "y")
    Then "4" is answered (ok, payload "y")
    When the subject requests type 2 as "5" (payload "x")
    Then the subject sends 04 05 02 03 78 (request: tag 5, wire type 3, payload "x")
    When the peer sends 03 05 04 79 (response: tag 5, ok, payload "y")
    Then "5" is answered (ok, payload "y")
    When the subject requests type 2 as "6" (payload "x")
    Then the subject sends 04 06 02 03 78 (request: tag 6, wire type 3, payload "x")
    When the peer sends 03 06 04 79 (response: tag 6, ok, payload "y")
    Then "6" is answered (ok, payload "y")

  @TAG-4 @must
  Scenario: duplicates of the first and the last of 520 requests in flight are refused
    Given a connection
    When the peer sends 520 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 05 84 08 02 03 61 (request: tag 520, wire type 3, payload "a")
    Then the subject answers tag 520 with a failure
    When the peer sends 04 01 02 03 62 (request: tag 1, wire type 3, payload "b")
    Then the subject answers tag 1 with a failure
    When gate "g" is released
    Then the subject answers the tags 2 to 519 (ok, payload "g")

  @TAG-4 @must
  Scenario: a duplicate of a request whose handler waits for the peer is refused
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject has sent 1 requests
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers tag 1 with a failure
