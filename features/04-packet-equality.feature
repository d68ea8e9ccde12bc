Feature: Packet equality

  @EQ-1 @must
  Scenario Outline: equal packets: <case>
    Then <packet> equals <packet>

    Examples:
      | case                      | packet                                                                 |
      | requests with every field | request: channel 5, tag 300, flags 7, wire type 2, payload "hello"     |
      | bare requests             | request: tag 1, wire type 1                                            |
      | responses                 | response: channel 5, tag 300, ok, flags 7, payload "hello"             |
      | bare responses            | response: tag 1                                                        |
      | EOF packets               | EOF                                                                    |

  @EQ-1 @must
  Scenario Outline: packets that differ in their <field> are not equal
    Then <a> does not equal <b>
    And <b> does not equal <a>

    Examples:
      | field                | a                                          | b                                             |
      | kind                 | request: tag 1, wire type 0                | response: tag 1                               |
      | channel              | response: channel 1, tag 1                 | response: channel 2, tag 1                    |
      | channel, one being 0 | response: tag 1                            | response: channel 1, tag 1                    |
      | tag                  | response: tag 1                            | response: tag 2                               |
      | flags                | response: tag 1, ok                        | response: tag 1, failed                       |
      | flags of a request   | request: tag 1, flags 1, wire type 1       | request: tag 1, flags 2, wire type 1          |
      | type                 | request: tag 1, wire type 1                | request: tag 1, wire type 2                   |
      | payload              | response: tag 1, payload "a"               | response: tag 1, payload "b"                  |
      | length of payload    | response: tag 1, payload "a"               | response: tag 1, payload "aa"                 |
      | payload, one empty   | request: tag 1, wire type 1, payload 00    | request: tag 1, wire type 1                   |

  @EQ-2 @must
  Scenario Outline: the type of a response does not count: <a> and <b>
    Then response: channel 5, tag 300, ok, flags 7, payload "hello" with type <a> equals itself with type <b>

    Examples:
      | a | b |
      | 0 | 1 |
      | 2 | 2 |
      | 7 | 3 |

  @EQ-1 @EQ-2 @must
  Scenario: the recorded pairs are equal or not
    Then each pair of equal.jsonl is equal or not

  @EQ-1 @must
  Scenario Outline: packets differ by <difference>
    Then <pair>

    Examples:
      | difference                             | pair                                                                                             |
      | tags 1 and 2^32 + 1                    | response: tag 1, ok does not equal response: tag 4294967297, ok                                  |
      | flags 1 and 257                        | request: tag 1, flags 0x1, wire type 3 does not equal request: tag 1, flags 0x101, wire type 3   |
      | channels 1 and 65537                   | request: channel 1, tag 1, wire type 3 does not equal request: channel 65537, tag 1, wire type 3 |
      | types 1 and 2^32 + 1                   | request: tag 1, wire type 1 does not equal request: tag 1, wire type 4294967297                  |
      | payloads that differ behind an octet 0 | response: tag 1, ok, payload 610062 does not equal response: tag 1, ok, payload 610063           |
      | the last of 1500 octets                | response: tag 1, ok, payload 61*1499 62 does not equal response: tag 1, ok, payload 61*1500      |
      | flags 1 and 2^32 + 1                   | response: tag 1, packet flags 1 does not equal response: tag 1, packet flags 4294967297          |
      | channels 1 and 2^32 + 1                | response: channel 1, tag 1 does not equal response: channel 4294967297, tag 1                    |
      | payloads that are no text              | response: tag 1, ok, payload ff does not equal response: tag 1, ok, payload fe                   |
