Feature: Integers
  A BSUInt is an unsigned integer in big-endian base 128: seven bits an octet, the
  high bit set on every octet but the last. Here it is the tag of a response that has
  nothing else, so that the octets are: length, tag, word 00.

  @INT-1 @must
  Scenario Outline: the integer <value> is read
    Then <octets> decodes to response: tag <value>

    Examples:
      | value               | octets                           |
      | 0                   | 02 00 00                         |
      | 1                   | 02 01 00                         |
      | 64                  | 02 40 00                         |
      | 127                 | 02 7f 00                         |
      | 128                 | 03 81 00 00                      |
      | 300                 | 03 82 2c 00                      |
      | 16383               | 03 ff 7f 00                      |
      | 16384               | 04 81 80 00 00                   |
      | 2097151             | 04 ff ff 7f 00                   |
      | 2097152             | 05 81 80 80 00 00                |
      | 268435455           | 05 ff ff ff 7f 00                |
      | 268435456           | 06 81 80 80 80 00 00             |
      | 2^32-1              | 06 8f ff ff ff 7f 00             |
      | 2^35                | 07 81 80 80 80 80 00 00          |
      | 2^53                | 09 90 80 80 80 80 80 80 00 00    |
      | 2^56                | 0a 81 80 80 80 80 80 80 80 00 00 |

  @INT-1 @must
  Scenario Outline: the integer <value> is written
    Then response: tag <value> encodes to <octets>

    Examples:
      | value               | octets                           |
      | 0                   | 02 00 00                         |
      | 127                 | 02 7f 00                         |
      | 128                 | 03 81 00 00                      |
      | 300                 | 03 82 2c 00                      |
      | 16383               | 03 ff 7f 00                      |
      | 16384               | 04 81 80 00 00                   |
      | 2^28-1              | 05 ff ff ff 7f 00                |
      | 2^28                | 06 81 80 80 80 00 00             |
      | 2^35                | 07 81 80 80 80 80 00 00          |
      | 2^56                | 0a 81 80 80 80 80 80 80 80 00 00 |

  @INT-1 @must
  Scenario: the recorded integers are read and written
    Then each integer of bsuint.jsonl below 2^61 is read and written as a tag

  @INT-2 @should
  Scenario Outline: the shortest form of <value> is written
    Then response: tag <value> encodes to exactly <octets>

    Examples:
      | value | octets         |
      | 0     | 02 00 00       |
      | 127   | 02 7f 00       |
      | 128   | 03 81 00 00    |
      | 16384 | 04 81 80 00 00 |

  @INT-2 @should
  Scenario: the recorded packets are written in their shortest form
    Then each packet of packets.jsonl encodes to exactly its octets

  @INT-3 @must
  Scenario Outline: an overlong <field> is read as its value
    Then <octets> decodes to <packet>

    Examples:
      | field                     | octets                  | packet                                                            |
      | tag                       | 03 80 05 00             | response: tag 5                                                   |
      | tag of four octets        | 05 80 80 80 05 00       | response: tag 5                                                   |
      | tag of sixteen octets     | 11 80*15 05 00          | response: tag 5                                                   |
      | tag of zero               | 04 80 80 00 00          | response: tag 0                                                   |
      | length                    | 80 02 05 00             | response: tag 5                                                   |
      | length of twelve octets   | 80*11 02 05 00          | response: tag 5                                                   |
      | word                      | 03 05 80 04             | response: tag 5, ok                                               |
      | channel                   | 04 05 01 80 07          | response: channel 7, tag 5                                        |
      | type                      | 05 05 02 80 03 78       | request: tag 5, wire type 3, payload "x"                          |

  @INT-4 @must
  Scenario Outline: <field> is as large as 2^61-1
    Then <octets> decodes to <packet>
    And <packet> encodes to <octets>

    Examples:
      | field   | octets                                    | packet                                            |
      | tag     | 0a 9f ff ff ff ff ff ff ff 7f 00          | response: tag 2^61-1                              |
      | flags   | 0a 01 ff ff ff ff ff ff ff ff 7c          | response: tag 1, packet flags 2^61-1              |
      | channel | 0b 01 01 9f ff ff ff ff ff ff ff 7f       | response: channel 2^61-1, tag 1                   |
      | type    | 0b 01 02 9f ff ff ff ff ff ff ff 7f       | request: tag 1, wire type 2^61-1                  |

  @INT-5 @may
  Scenario: the recorded packets beyond 61 bits are handled exactly or refused
    Then each packet of packets-beyond-61-bits.jsonl is handled exactly or refused

  @INT-5 @may
  Scenario Outline: an integer beyond 64 bits in the <field>, where the implementation has such
    Given the implementation has integers beyond 64 bits
    Then <octets> decodes to <packet>
    And <packet> encodes to <octets>

    Examples:
      | field   | octets                                  | packet                                          |
      | tag     | 0b 82 80 80 80 80 80 80 80 80 00 00     | response: tag 2^64                              |
      | flags   | 0b 01 88 80 80 80 80 80 80 80 80 00     | response: tag 1, packet flags 2^64              |
      | type    | 0d 01 02 82 80 80 80 80 80 80 80 80 00 78 | request: tag 1, wire type 2^64, payload "x"   |

  @INT-5 @may
  Scenario: a result whose flags are too large is answered exactly, or by a failure
    Given a connection
    When the peer sends 0b 01 ff ff ff ff ff ff ff ff 7e 02 (request: tag 1, flags 2^61-1, wire type 2)
    Then the subject answers 0b 01 81 ff ff ff ff ff ff ff ff 7c (response: tag 1, packet flags 2^62-1), or with a failure
