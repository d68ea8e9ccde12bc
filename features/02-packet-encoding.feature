Feature: Packet encoding
  A packet is its length and a body: tag, word (flags << 2 | is_request << 1 |
  has_channel), channel if it is not 0, wire type if it is a request, payload.

  @ENC-1 @must
  Scenario Outline: the fields are written in their order: <case>
    Then <packet> encodes to <octets>

    Examples:
      | case             | packet                                                                  | octets                           |
      | every field      | request: channel 5, tag 300, flags 7, wire type 2, payload "hello"      | 0a 82 2c 1f 05 02 68 65 6c 6c 6f |
      | a bare response  | response: tag 1                                                         | 02 01 00                         |
      | a bare request   | request: tag 1, wire type 1                                             | 03 01 02 01                      |
      | the EOF packet   | EOF                                                                     | 03 00 02 00                      |
      | a large response | response: channel 128, tag 128, ok, flags 0x55, payload "x"             | 07 81 00 85 2d 81 00 78          |

  @ENC-1 @must
  Scenario: the recorded packets are written
    Then each packet of packets.jsonl encodes to its octets

  @ENC-2 @must
  Scenario Outline: the word of <case>
    Then <packet> encodes to <octets>

    Examples:
      | case                                   | packet                                       | octets               |
      | a response                             | response: tag 9                              | 02 09 00             |
      | a response on a channel                | response: channel 1, tag 9                   | 03 09 01 01          |
      | a request                              | request: tag 9, wire type 1                  | 03 09 02 01          |
      | a request on a channel                 | request: channel 1, tag 9, wire type 1       | 04 09 03 01 01       |
      | flags 1                                | response: tag 9, packet flags 1              | 02 09 04             |
      | flags 31, the most in one octet        | response: tag 9, packet flags 31             | 02 09 7c             |
      | flags 32, the least in two octets      | response: tag 9, packet flags 32             | 03 09 81 00          |
      | flags 31 of a request on a channel     | request: channel 1, tag 9, flags 31, wire type 1 | 04 09 7f 01 01   |
      | flags 4096                             | response: tag 9, packet flags 4096           | 04 09 81 80 00       |

  @ENC-3 @must
  Scenario Outline: the channel <channel> is written
    Then response: channel <channel>, tag 1 encodes to <octets>

    Examples:
      | channel | octets               |
      | 1       | 03 01 01 01          |
      | 127     | 03 01 01 7f          |
      | 128     | 04 01 01 81 00       |
      | 16384   | 05 01 01 81 80 00    |

  @ENC-4 @should
  Scenario Outline: channel 0 is not written: <case>
    Then <packet> encodes to exactly <octets>

    Examples:
      | case       | packet                                    | octets            |
      | a request  | request: channel 0, tag 1, wire type 1    | 03 01 02 01       |
      | a response | response: channel 0, tag 1                | 02 01 00          |

  @ENC-5 @must
  Scenario Outline: the wire type <type> of a request is written
    Then request: tag 1, wire type <type>, payload "x" encodes to <octets>

    Examples:
      | type  | octets               |
      | 0     | 04 01 02 00 78       |
      | 1     | 04 01 02 01 78       |
      | 127   | 04 01 02 7f 78       |
      | 128   | 05 01 02 81 00 78    |
      | 16384 | 06 01 02 81 80 00 78 |

  @ENC-5 @must
  Scenario: a response is written without a type
    Then response: tag 1, payload 07 encodes to 03 01 00 07

  @ENC-6 @must
  Scenario Outline: a payload of <case> is written as it is
    Then response: tag 1, payload <payload> encodes to <octets>

    Examples:
      | case                  | payload     | octets                     |
      | one zero octet        | 00          | 03 01 00 00                |
      | octets above 7f       | ff fe 80    | 05 01 00 ff fe 80          |
      | 125 octets            | 61*125      | 7f 01 00 61*125            |
      | 126 octets            | 61*126      | 81 00 01 00 61*126         |
      | 16381 octets          | 61*16381    | ff 7f 01 00 61*16381       |
      | 16382 octets          | 61*16382    | 81 80 00 01 00 61*16382    |
      | 65536 octets          | 61*65536    | 84 80 02 01 00 61*65536    |
