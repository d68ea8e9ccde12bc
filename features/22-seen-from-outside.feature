Feature: Seen from outside
  What the other end of a connection shows, whatever the subject's handler does. "The
  peer asks" stands for a request that is safe to send to the subject. What the subject
  requests by itself, the peer refuses.

  Scenarios with the tag @one-connection may follow one another on one connection: they
  use tags of their own, and leave the stream open.

  @RSP-1 @must @outside @one-connection
  Scenario: what is asked is answered with its tag
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    When the peer asks 8 times, from tag 2 on
    Then the subject answers what was asked with the tags 2 to 9

  @TAG-6 @must @outside @one-connection
  Scenario: the peer picks any tag
    Given a connection
    When the peer asks with tag 0
    And the peer asks with tag 127
    And the peer asks with tag 128
    And the peer asks with tag 16384
    And the peer asks with tag 0x100000001
    And the peer asks with tag 0x20000000000001
    And the peer asks with tag 2^61-1
    Then the subject answers what was asked with tag 0
    And the subject answers what was asked with tag 127
    And the subject answers what was asked with tag 128
    And the subject answers what was asked with tag 16384
    And the subject answers what was asked with tag 0x100000001
    And the subject answers what was asked with tag 0x20000000000001
    And the subject answers what was asked with tag 2^61-1

  @DEC-5 @must @outside @one-connection
  Scenario: a request that comes octet by octet is answered
    Given a connection
    When the peer asks with tag 11, one octet at a time
    And the peer asks with tag 12, one octet at a time
    Then the subject answers what was asked with the tags 11 to 12

  @DEC-5 @must @outside @one-connection
  Scenario: requests that come in two parts are answered, wherever the cut is
    Given a connection
    When the peer asks 8 times, from tag 21 on, each cut one octet later
    Then the subject answers what was asked with the tags 21 to 28

  @DEC-2 @must @outside @one-connection
  Scenario: what is asked with channel 0 written is answered
    Given a connection
    When the peer asks with tag 31, with channel 0 written
    Then the subject answers what was asked with tag 31
    When the peer asks with tag 32
    Then the subject answers what was asked with tag 32

  @INT-3 @must @outside @one-connection
  Scenario: what is asked with overlong integers is answered
    Given a connection
    When the peer asks with tag 33, with an overlong length
    And the peer asks with tag 34, with an overlong tag
    And the peer asks with tag 35, with an overlong word
    And the peer asks with tag 36, with an overlong type
    Then the subject answers what was asked with the tags 33 to 36

  @INT-2 @should @outside @one-connection
  Scenario: an answer has its shortest form
    Given a connection
    When the peer asks with tag 37
    And the peer asks with tag 64
    And the peer asks with tag 2097151
    Then the subject answers what was asked with tag 37, in its shortest form
    And the subject answers what was asked with tag 64, in its shortest form
    And the subject answers what was asked with tag 2097151, in its shortest form

  @ENC-4 @should @outside @one-connection
  Scenario: an answer on channel 0 has no channel
    Given a connection
    When the peer asks with tag 38, with channel 0 written
    Then the subject answers what was asked with tag 38, in its shortest form

  @CHN-1 @must @outside @one-connection
  Scenario: after a request on a channel that is not served the connection goes on
    Given a connection
    When the peer sends 08 29 03 90 80 80 80 05 03 (request: channel 4294967301, tag 41, wire type 3)
    And the peer asks with tag 42
    Then the subject answers tag 41 on channel 4294967301 with a failure
    And the subject answers what was asked with tag 42

  @CHN-1 @must @outside @one-connection
  Scenario: a refusal on another channel leaves what was asked with the same tag alone
    Given a connection
    When the peer asks with tag 43
    And the peer sends 08 2b 03 90 80 80 80 05 03 (request: channel 4294967301, tag 43, wire type 3)
    Then the subject answers tag 43 on channel 4294967301 with a failure
    And the subject answers what was asked with tag 43

  @MEO-2 @must @outside @one-connection
  Scenario: wire type 0 on another channel does not end the stream
    Given a connection
    When the peer sends 08 2d 03 90 80 80 80 07 00 (request: channel 4294967303, tag 45, wire type 0)
    Then the subject answers tag 45 on channel 4294967303 with a failure
    When the peer sends 08 00 03 90 80 80 80 07 00 (request: channel 4294967303, tag 0, wire type 0)
    Then the subject answers tag 0 on channel 4294967303 with a failure
    When the peer asks with tag 46
    Then the subject answers what was asked with tag 46

  @RSP-5 @must @outside @one-connection
  Scenario: after responses to no request the connection goes on
    Given a connection
    When the peer sends:
      | octets                  | meaning                                       |
      | 07 90 80 80 80 01 04 61 | response: tag 4294967297, ok, payload "a"     |
      | 06 90 80 80 80 02 00    | response: tag 4294967298, failed              |
      | 02 00 00                | response: tag 0, failed                       |
      | 07 2f 01 90 80 80 80 07 | response: channel 4294967303, tag 47, failed  |
    And the peer asks with tag 48
    Then the subject answers what was asked with tag 48

  @EOS-4 @must @outside
  Scenario Outline: EOF comes once, and last: <case>
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    When the peer sends <octets>
    Then the subject ends its stream

    Examples:
      | case                  | octets                             |
      | after the peer's EOF  | 03 00 02 00 (EOF)                  |
      | after two of them     | 03 00 02 00 03 00 02 00 (EOF; EOF) |

  @TAG-3 @should @outside
  Scenario: what is asked with a tag that was answered is answered
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    When the peer asks with tag 1 and sends 03 00 02 00 (EOF)
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

  @TAG-3 @TAG-5 @should @outside
  Scenario: each of 12 requests with one tag is answered, or refused
    Given a connection
    When the peer asks 12 times with tag 1
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers 12 times what was asked with tag 1
    And the subject ends its stream

  @TAG-2 @must @outside
  Scenario: what the subject requests by itself has tags that differ
    Given a connection
    When the peer asks 12 times, from tag 1 on, for what takes a request of the subject's
    Then the subject answers what was asked with the tags 1 to 12
    And what the subject requests by itself has tags that differ

  @TAG-1 @should @outside @dialect-2021
  Scenario: what the subject requests by itself has tags that count on
    Given a connection
    When the peer asks 12 times, from tag 1 on, for what takes a request of the subject's
    Then the subject answers what was asked with the tags 1 to 12
    And what the subject requests by itself has tags that count on

  @EOS-2 @EOS-4 @must @outside
  Scenario: EOF comes once, and last, after the end of the octets
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    When the peer ends its stream without EOF
    Then the subject ends its stream

  @EOS-6 @must @outside
  Scenario: what is asked in one write with EOF is answered
    Given a connection
    When the peer asks with tag 1 and sends 03 00 02 00 (EOF)
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

  @EOS-6 @must @outside
  Scenario Outline: what is asked before <end> is answered
    Given a connection
    When the peer asks 12 times, from tag 1 on
    And the peer <ends>
    Then the subject answers what was asked with the tags 1 to 12
    And the subject ends its stream

    Examples:
      | end                | ends                        |
      | EOF                | sends 03 00 02 00 (EOF)     |
      | the octets' end    | ends its stream without EOF |
      | a malformed packet | sends 01 01 (not a packet)  |

  @EOS-5 @must @outside
  Scenario: what is asked after EOF is ignored
    Given a connection
    When the peer sends 03 00 02 00 (EOF) and asks with tag 1
    Then the subject ends its stream

  @MEO-1 @must @outside
  Scenario Outline: a malformed EOF packet ends the stream: <case>
    Given a connection
    When the peer asks with tag 1 and sends <octets>
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

    Examples:
      | case                        | octets                                                    |
      | a tag                       | 03 05 02 00 (request: tag 5, wire type 0)                 |
      | flags                       | 03 00 06 00 (request: tag 0, flags 1, wire type 0)        |
      | a payload                   | 04 00 02 00 78 (request: tag 0, wire type 0, payload "x") |
      | a tag, and channel 0 written | 04 05 03 00 00 (request: tag 5, wire type 0)             |

  @BAD-1 @must @outside
  Scenario Outline: a malformed packet after what was asked ends the stream: <case>
    Given a connection
    When the peer asks with tag 1 and sends <octets>
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

    Examples:
      | case                    | octets                        |
      | an empty body           | 00 (not a packet)             |
      | a request with no type  | 02 01 02 (not a packet)       |
      | a channel but no type   | 03 01 03 05 (not a packet)    |
      | a tag that goes on      | 02 81 81 (not a packet)       |

  @BAD-2 @must @outside
  Scenario Outline: a cut after what was asked ends the stream: <case>
    Given a connection
    When the peer asks with tag 1 and sends <octets>
    And the peer ends its stream without EOF
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

    Examples:
      | case               | octets                                                       |
      | inside the length  | 81 (not a packet)                                            |
      | inside EOF         | 03 00 02 (not a packet)                                      |
      | inside a response  | 08 90 80 80 80 01 04 61 (not a packet)                       |

  @BAD-4 @should @outside
  Scenario Outline: a declared length of <length> and a cut end the stream
    Given a connection
    When the peer asks with tag 1 and sends <octets>
    And the peer ends its stream without EOF
    Then the subject answers what was asked with tag 1
    And the subject ends its stream

    Examples:
      | length | octets                                             |
      | 2^42   | 81 80 80 80 80 80 00 01 02 03 (not a packet)       |
      | 2^62   | c0 80 80 80 80 80 80 80 00 01 02 03 (not a packet) |

  @BAD-4 @should @outside
  Scenario: a declared length of 2^28 takes no memory
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    And 81 80 80 80 00 01 02 03 (not a packet) takes less than 67108864 octets of memory

  @BID-5 @must @outside
  Scenario Outline: the end of one connection leaves another open: <how>
    Given a connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    Given another connection
    When the peer asks with tag 1
    Then the subject answers what was asked with tag 1
    When the peer <ends>
    Then the subject ends its stream
    Given the first connection again
    When the peer asks with tag 2
    Then the subject answers what was asked with tag 2

    Examples:
      | how              | ends                        |
      | EOF              | sends 03 00 02 00 (EOF)     |
      | a malformed one  | sends 00 (not a packet)     |
