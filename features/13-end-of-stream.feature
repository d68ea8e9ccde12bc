Feature: The end of a stream

  @EOS-1 @must
  Scenario Outline: EOF cancels pending requests: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <octets>
    Then "a" is cancelled

    Examples:
      | case                      | octets                       |
      | the shortest form         | 03 00 02 00 (EOF)            |
      | has_channel and channel 0 | 04 00 03 00 00 (EOF)         |
      | an overlong tag           | 04 80 00 02 00 (EOF)         |
      | an overlong length        | 80 03 00 02 00 (EOF)         |
      | an overlong type          | 04 00 02 80 00 (EOF)         |

  @EOS-1 @must
  Scenario: EOF cancels each of several pending requests
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "y")
    And the subject does type 2 as "c" (payload "z")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    And the subject sends the request of "c" (wire type 3, payload "z")
    When the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled
    And "b" is cancelled
    And "c" is cancelled

  @EOS-1 @must
  Scenario: EOF cancels a request that is waited for only later
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), to be waited for later
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject ends its stream
    And "a" is cancelled

  @EOS-1 @must
  Scenario: EOF does not touch what was answered
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y")
    And the peer sends 03 00 02 00 (EOF)
    Then "a" is answered (ok, payload "y")

  @EOS-2 @must
  Scenario: the end of the octets cancels pending requests
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer ends its stream without EOF
    Then "a" is cancelled
    And the subject ends its stream

  @EOS-3 @must @dialect-2021 @outside
  Scenario: EOF is answered by EOF
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject sends 03 00 02 00 (EOF)

  @EOS-3 @must @dialect-2021 @outside
  Scenario: the end of the octets is answered by EOF
    Given a connection
    When the peer ends its stream without EOF
    Then the subject sends 03 00 02 00 (EOF)

  @EOS-4 @must
  Scenario Outline: EOF is sent once, last: <case>
    Given a connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the peer sends <octets>
    Then the subject ends its stream

    Examples:
      | case                    | octets                      |
      | after EOF               | 03 00 02 00 (EOF)           |
      | after EOF sent twice    | 03 00 02 00 03 00 02 00 (EOF; EOF) |

  @EOS-4 @must
  Scenario: EOF is the same after requests of both
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok)
    Then "a" is answered (ok)
    When the peer sends 04 07 02 03 61 (request: tag 7, wire type 3, payload "a")
    Then the subject answers 03 07 04 61 (response: tag 7, ok, payload "a")
    When the subject is shut down
    Then the subject ends its stream

  @EOS-4 @must @dialect-2021
  Scenario: EOF is sent once when both sides end
    Given a connection
    When the subject is shut down
    Then the subject sends 03 00 02 00 (EOF)
    When the peer sends 03 00 02 00 (EOF)
    Then the subject's stream ends

  @EOS-5 @must
  Scenario: octets after EOF are ignored
    Given a connection
    When the peer sends 03 00 02 00 04 01 02 03 61 (EOF; request: tag 1, wire type 3, payload "a")
    Then the subject ends its stream
    And the handler was not called

  @EOS-5 @must
  Scenario: a response after EOF is too late
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 03 00 02 00 (EOF)
    And the peer answers "a" (ok, payload "y")
    Then "a" is cancelled

  @EOS-5 @must @outside
  Scenario: malformed octets after EOF are ignored
    Given a connection
    When the peer sends 03 00 02 00 00 ff ff ff ff
    Then the subject ends its stream

  @EOS-6 @must
  Scenario: an accepted request is answered after the peer's EOF
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @EOS-6 @must
  Scenario Outline: answers that a full pipe holds back go out after the peer's <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer stops reading
    And the peer sends 4 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the handler was called 4 times
    And "a" is not answered
    When the peer <ends>
    Then "a" is cancelled
    When the peer reads again
    Then the subject answers the tags 1 to 4 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream

    Examples:
      | end              | ends                        |
      | EOF              | sends 03 00 02 00 (EOF)     |
      | end of octets    | ends its stream without EOF |
      | malformed packet | sends 01 01 (not a packet)  |

  @EOS-6 @must
  Scenario Outline: answers that a full pipe holds back go out after a shutdown and then <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer stops reading
    And the peer sends 4 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the handler was called 4 times
    When the subject is shut down as "shutdown"
    Then "a" is not answered
    When the peer <does>
    Then "a" is cancelled
    When the peer reads again
    Then the subject answers the tags 1 to 4 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream

    Examples:
      | end   | does                        |
      | EOF   | sends 03 00 02 00 (EOF)     |
      | a cut | ends its stream without EOF |

  @EOS-6 @must
  Scenario Outline: an answer that waits to be flushed goes out after the peer's <end>
    Given a connection with a grace of 0.2 s
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the handler was called 1 times
    When the peer <ends>
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And the subject ends its stream

    Examples:
      | end           | ends                        |
      | EOF           | sends 03 00 02 00 (EOF)     |
      | end of octets | ends its stream without EOF |

  @EOS-2 @EOS-6 @must
  Scenario: an accepted request is answered after the end of the peer's octets
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer ends its stream without EOF
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: a request just before EOF is answered
    Given a connection
    When the peer sends 04 01 02 03 61 03 00 02 00 (request: tag 1, wire type 3, payload "a"; EOF)
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: requests that wait for a handler at the peer's EOF are answered
    Given a connection
    When the peer sends 12 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 03 00 02 00 (EOF)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers the tags 1 to 12 (ok, payload "g")
    And the subject ends its stream

  @EOS-7 @must @dialect-2021 @outside
  Scenario: after its EOF the subject closes its stream
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject sends 03 00 02 00 (EOF)
    And the subject's stream ends

  @EOS-8 @must
  Scenario Outline: after the peer's <end> requests are refused
    Given a connection
    When the subject is joined as "join"
    And the peer <ends>
    Then "join" returns
    And requesting type 2 is refused as closed
    And doing type 2 is refused as closed
    And the subject ends its stream

    Examples:
      | end           | ends                        |
      | EOF           | sends 03 00 02 00 (EOF)     |
      | end of octets | ends its stream without EOF |

  @EOS-4 @must @dialect-2021
  Scenario: EOF comes after the last answer
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject sends 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject sends 03 00 02 00 (EOF)
    And the subject's stream ends

  @EOS-3 @must @outside
  Scenario Outline: EOF with <form> ends the stream
    Given a connection
    When the peer sends <octets>
    Then the subject ends its stream

    Examples:
      | form                                           | octets                     |
      | tag and type longer than need be               | 06 80 80 00 02 80 00 (EOF) |
      | channel 0 written and type longer than need be | 05 00 03 00 80 00 (EOF)    |

  @EOS-1 @must
  Scenario: EOF cancels each of 70 pending requests
    Given a connection
    When the subject requests type 2, 70 times, as "a" (payload "x")
    Then the subject sends the 70 requests of "a" (wire type 3, payload "x")
    When the peer sends 03 00 02 00 (EOF)
    Then the 70 requests of "a" are cancelled

  @EOS-1 @must
  Scenario: a request with a decoder is cancelled like others
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "reverse"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled

  @EOS-6 @must
  Scenario: EOF waits for the last of several handlers
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 07 68 (request: tag 2, wire type 7, payload "h")
    And the peer sends 04 03 02 03 63 (request: tag 3, wire type 3, payload "c")
    And the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    When gate "h" is released
    Then the subject answers 03 02 04 68 (response: tag 2, ok, payload "h")
    And the subject answers 03 03 04 63 (response: tag 3, ok, payload "c")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: EOF waits for the last of 101 handlers
    Given a connection
    When the peer sends 100 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 04 65 02 07 68 (request: tag 101, wire type 7, payload "h")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers the tags 1 to 100 (ok, payload "g")
    When gate "h" is released
    Then the subject answers 03 65 04 68 (response: tag 101, ok, payload "h")
    And the subject ends its stream

  @ENC-4 @should @dialect-2021
  Scenario Outline: EOF is sent without has_channel: <case>
    Given a connection
    When <end>
    Then the subject sends exactly 03 00 02 00 (EOF)

    Examples:
      | case                             | end                                 |
      | in a shutdown                    | the subject is shut down            |

    @outside
    Examples:
      | case                             | end                                 |
      | after one of the peer's with it  | the peer sends 04 00 03 00 00 (EOF) |
