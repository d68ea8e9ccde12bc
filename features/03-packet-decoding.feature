Feature: Packet decoding

  @DEC-1 @must
  Scenario Outline: <case> is read
    Then <octets> decodes to <packet>

    Examples:
      | case                        | octets                           | packet                                                              |
      | every field                 | 0a 82 2c 1f 05 02 68 65 6c 6c 6f | request: channel 5, tag 300, flags 7, wire type 2, payload "hello"  |
      | a bare response             | 02 01 00                         | response: tag 1                                                     |
      | a response with a payload   | 04 01 04 68 69                   | response: tag 1, ok, payload "hi"                                   |
      | a request without a payload | 03 01 02 01                      | request: tag 1, wire type 1                                         |
      | the EOF packet              | 03 00 02 00                      | EOF                                                                 |
      | flags of two octets         | 03 01 85 2c                      | response: tag 1, ok, flags 0x55                                     |
      | a channel of two octets     | 05 01 05 81 00 78                | response: channel 128, tag 1, ok, payload "x"                       |
      | a payload of 126 octets     | 81 00 01 04 61*126               | response: tag 1, ok, payload 61*126                                 |
      | a payload of 65536 octets   | 84 80 02 01 04 61*65536          | response: tag 1, ok, payload 61*65536                               |

  @DEC-1 @must
  Scenario Outline: what follows a packet is not consumed: <case>
    Then 04 01 04 68 69, followed by <rest>, decodes to response: tag 1, ok, payload "hi"

    Examples:
      | case           | rest          |
      | another packet | 02 02 04      |
      | the EOF packet | 03 00 02 00   |
      | one octet      | ff            |
      | a cut packet   | 81 00 01      |

  @DEC-1 @must
  Scenario: the recorded packets are read
    Then each row of packets.jsonl decodes to its packet or is refused

  @DEC-1 @must
  Scenario: the recorded octets are read or refused
    Then each row of decode.jsonl decodes to its packet or is refused

  @DEC-2 @must
  Scenario Outline: channel 0 with has_channel is channel 0: <case>
    Then <octets> decodes to <packet>

    Examples:
      | case              | octets            | packet                                     |
      | a response        | 04 01 05 00 78    | response: tag 1, ok, payload "x"           |
      | a request         | 05 01 03 00 02 78 | request: tag 1, wire type 2, payload "x"   |
      | overlong          | 05 01 05 80 00 78 | response: tag 1, ok, payload "x"           |
      | the EOF packet    | 04 00 03 00 00    | EOF                                        |

  @DEC-3 @must
  Scenario Outline: octets that stop too soon give no packet: <case>
    Then <octets> is not decoded

    Examples:
      | case                             | octets                      |
      | inside the length                | 81                          |
      | after the length                 | 03                          |
      | after the tag                    | 03 01                       |
      | after the word                   | 03 01 02                    |
      | one octet before a payload's end | 0a 82 2c 1f 05 02 68 65 6c 6c |
      | a length of 2^42 octets          | 81 80 80 80 80 80 00 01 04  |
      | a length of 2^32 + 2 octets      | 90 80 80 80 02 01 00        |
      | a length of 2^64 + 2 octets      | 82 80*8 02 01 00            |

  @DEC-4 @must
  Scenario Outline: a body too short for its fields gives no packet: <case>
    Then <octets> is not decoded

    Examples:
      | case                              | octets         |
      | empty                             | 00             |
      | a tag alone                       | 01 01          |
      | a tag that goes on                | 01 81          |
      | a word that goes on               | 02 01 81       |
      | a request without its type        | 02 01 02       |
      | a channel missing                 | 02 01 01       |
      | a channel that goes on            | 03 01 01 81    |
      | a channel but no type             | 03 01 03 05    |
      | a type that goes on               | 03 01 02 81    |
      | empty, though octets follow       | 00 02 01 00    |
      | no type, though octets follow     | 02 01 02 05 68 |

  @DEC-5 @must
  Scenario Outline: a request that comes <case> is answered
    Given a connection
    When the peer sends <octets>
    Then the subject answers 04 01 04 68 69 (response: tag 1, ok, payload "hi")

    Examples:
      | case                      | octets                                                                                          |
      | in one piece              | 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi")                                   |
      | one octet at a time       | 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi"), one octet at a time              |
      | cut inside the length     | 80 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi"), cut after 1 octets            |
      | cut after the length      | 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi"), cut after 1 octets               |
      | cut after the tag         | 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi"), cut after 2 octets               |
      | cut inside the payload    | 05 01 02 03 68 69 (request: tag 1, wire type 3, payload "hi"), cut after 5 octets               |

  @DEC-5 @must
  Scenario Outline: a request whose length of two octets is cut <where> is answered
    Given a connection
    When the peer sends 81 07 01 02 03 61*132 (request: tag 1, wire type 3, payload 61*132), cut after <n> octets
    Then the subject answers 81 06 01 04 61*132 (response: tag 1, ok, payload 61*132)

    Examples:
      | where    | n |
      | in it    | 1 |
      | after it | 2 |

  @DEC-5 @must
  Scenario: many packets in one write are all read
    Given a connection
    When the peer sends:
      | octets               | meaning                                      |
      | 04 01 02 03 61       | request: tag 1, wire type 3, payload "a"     |
      | 04 02 02 03 62       | request: tag 2, wire type 3, payload "b"     |
      | 04 03 02 03 63       | request: tag 3, wire type 3, payload "c"     |
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")
    And the subject answers 03 03 04 63 (response: tag 3, ok, payload "c")

  @DEC-5 @must
  Scenario: what comes in one write is answered before the stream ends
    Given a connection
    When the peer sends:
      | octets         | meaning                                  |
      | 04 01 02 03 61 | request: tag 1, wire type 3, payload "a" |
      | 04 02 02 03 62 | request: tag 2, wire type 3, payload "b" |
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")
    And the subject ends its stream

  @DEC-5 @must
  Scenario: a payload larger than a pipe holds is read whole
    Given a connection
    When the peer sends 84 80 04 01 02 03 61*65537
    Then the subject answers 84 80 03 01 04 61*65537

  @DEC-5 @must
  Scenario Outline: requests cut at every offset are answered: payloads of <size>
    Given a connection
    When the peer sends <n> requests of wire type 3 with the payload "<payload>", from tag 1 on, each cut one octet later
    Then the subject answers the tags 1 to <n> (ok, payload "<payload>")

    Examples:
      | size       | n  | payload          |
      | one octet  | 12 | #                |
      | ten octets | 20 | 0123456789       |

  @DEC-5 @must
  Scenario: two hundred requests in one write are all answered
    Given a connection
    When the peer sends 200 requests of wire type 3 with the payload "#", from tag 1 on
    Then the subject answers the tags 1 to 200 (ok, payload "#")

  @DEC-5 @must
  Scenario: a response that comes one octet at a time is delivered
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, flags 0x55, payload "hello"), one octet at a time
    Then "a" is answered (ok, flags 0x55, payload "hello")

  @DEC-5 @must
  Scenario: EOF that comes one octet at a time ends the stream
    Given a connection
    When the peer sends 03 00 02 00 (EOF), one octet at a time
    Then the subject ends its stream

  @DEC-5 @must
  Scenario: packets and the beginning of another in one write are told apart
    Given a connection
    When the peer sends 04 01 02 03 61 04 02 02
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends 03 62
    Then the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")

  @DEC-5 @must
  Scenario: a payload with the octets of EOF at its end does not end the stream
    Given a connection
    When the peer sends 07 01 02 03 03 00 02 00 (request: tag 1, wire type 3, payload 03000200)
    Then the subject answers 06 01 04 03 00 02 00 (response: tag 1, ok, payload 03000200)
    When the peer sends 04 02 02 03 62 (request: tag 2, wire type 3, payload "b")
    Then the subject answers 03 02 04 62 (response: tag 2, ok, payload "b")

  @DEC-5 @must
  Scenario: four hundred requests in one write are all answered before EOF
    Given a connection
    When the peer sends 400 requests of wire type 3 with the payload "#", from tag 1 on
    Then the subject answers the tags 1 to 100 (ok, payload "#")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject answers the tags 101 to 400 (ok, payload "#")
    And the subject ends its stream

  @DEC-2 @must
  Scenario: a request with channel 0 written is answered
    Given a connection
    When the peer sends 05 01 03 00 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

  @INT-3 @must
  Scenario Outline: a request with <form> is answered
    Given a connection
    When the peer sends <request>
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

    Examples:
      | form                                  | request                                                         |
      | 6 octets 80 before the length         | 80*6 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")  |
      | 20 octets 80 before the length        | 80*20 04 01 02 03 61 (request: tag 1, wire type 3, payload "a") |
      | channel 0 written longer than need be | 06 01 03 80 00 03 61 (request: tag 1, wire type 3, payload "a") |
      | 25 octets 80 before the tag           | 1d 80*25 01 02 03 61 (request: tag 1, wire type 3, payload "a") |

  @DEC-5 @must
  Scenario Outline: a length that comes with the packet before it, <n> octets of it, is read
    Given a connection
    When the peer sends <octets> <beginning>
    Then the subject answers <answer>
    When the peer sends <rest> 02 02 03 62*16384
    Then the subject answers 81 80 02 02 04 62*16384 (response: tag 2, ok, payload 62*16384)

    Examples:
      | n                        | octets                        | answer                  | beginning | rest  |
      | one of three             | 04 01 02 03 61                | 03 01 04 61             | 81        | 80 03 |
      | two of three             | 04 01 02 03 61                | 03 01 04 61             | 81 80     | 03    |
      | behind 65600 octets, one | 84 80 40 01 02 03 61*65597    | 84 80 3f 01 04 61*65597 | 81        | 80 03 |

  @INT-3 @must @dialect-2021
  Scenario Outline: a response with <form> is delivered
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <response>
    Then "a" is answered (ok, payload "y")

    Examples:
      | form                                  | response                                                    |
      | 20 octets 80 before the length        | 80*20 03 01 04 79 (response: tag 1, ok, payload "y")        |
      | channel 0 written longer than need be | 06 01 05 80 80 00 79 (response: tag 1, ok, payload "y")     |

  @INT-2 @ENC-4 @should @dialect-2021
  Scenario: a request, an answer to one in a longer form, and EOF go out in their shortest forms
    Given a connection
    When the subject requests type 0 as "a"
    Then the subject sends exactly 03 01 02 01 (request: tag 1, wire type 1)
    When the peer sends 07 80 80 01 03 00 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject sends exactly 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends 04 00 03 00 00 (EOF)
    Then the subject sends exactly 03 00 02 00 (EOF)
