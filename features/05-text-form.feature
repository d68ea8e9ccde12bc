Feature: Text form
  The diagnostic text of a packet, for logs.

  @TXT-1 @may
  Scenario Outline: the text of <case>
    Then the text form of <packet> is <text>

    Examples:
      | case                  | packet                                                               | text                                                                              |
      | every field           | request: channel 5, tag 300, flags 7, wire type 2, payload "hello"   | Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=b'hello')             |
      | a response            | response: tag 1                                                      | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'')                   |
      | flags of three digits | response: tag 1, packet flags 0x123                                  | Packet(is_request=False,channel=0,tag=1,flags=0x123,payload=b'')                  |
      | sixteen octets        | response: tag 1, payload "0123456789abcdef"                          | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'0123456789abcdef')   |
      | seventeen octets      | response: tag 1, payload "0123456789abcdefg"                         | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'0123456789abcdef'...) |
      | an apostrophe         | response: tag 1, payload 61 27                                       | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b"a'")                 |
      | both quotes           | response: tag 1, payload 22 27                                       | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'"\\'')               |
      | a quotation mark      | response: tag 1, payload 61 22                                       | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'a"')                 |
      | escapes               | response: tag 1, payload 09 0a 0d 5c                                 | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'\\t\\n\\r\\\\')      |
      | octets that are no text | response: tag 1, payload 00 1f 7f ff                               | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b'\\x00\\x1f\\x7f\\xff') |
      | the ends of what is text | response: tag 1, payload 20 7e                                    | Packet(is_request=False,channel=0,tag=1,flags=0x00,payload=b' ~')                 |

  @TXT-1 @may
  Scenario: the recorded texts
    Then each packet of packets.jsonl has its text form
