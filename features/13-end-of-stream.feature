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

  @EOS-3 @must @dialect-2021
  Scenario: EOF is answered by EOF
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject sends 03 00 02 00 (EOF)

  @EOS-3 @must @dialect-2021
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

  @EOS-5 @must
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
  Scenario: answers that a full pipe holds back go out after the peer's EOF
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer stops reading
    And the peer sends 4 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the handler was called 4 times
    And "a" is not answered
    When the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled
    When the peer reads again
    Then the subject answers the tags 1 to 4 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream

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

  @EOS-7 @must @dialect-2021
  Scenario: after its EOF the subject closes its stream
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject sends 03 00 02 00 (EOF)
    And the subject's stream ends

  @EOS-8 @must
  Scenario Outline: after the peer's <end> requests are refused
    Given a connection
    When the peer <ends>
    Then the subject ends its stream
    And requesting type 2 is refused as closed
    And doing type 2 is refused as closed

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

  @EOS-3 @must 
  Scenario: EOF with tag and type longer than need be ends the stream
    Given a connection
    When the peer sends 06 80 80 00 02 80 00 (EOF)
    Then the subject ends its stream

  @EOS-3 @must 
  Scenario: EOF with channel 0 written and type longer than need be ends the stream
    Given a connection
    When the peer sends 05 00 03 00 80 00 (EOF)
    Then the subject ends its stream

  @EOS-1 @must
  Scenario: EOF cancels each of 70 pending requests
    Given a connection
    When the subject requests type 2 as "1" (payload "x"), to be waited for later
    And the subject requests type 2 as "2" (payload "x"), to be waited for later
    And the subject requests type 2 as "3" (payload "x"), to be waited for later
    And the subject requests type 2 as "4" (payload "x"), to be waited for later
    And the subject requests type 2 as "5" (payload "x"), to be waited for later
    And the subject requests type 2 as "6" (payload "x"), to be waited for later
    And the subject requests type 2 as "7" (payload "x"), to be waited for later
    And the subject requests type 2 as "8" (payload "x"), to be waited for later
    And the subject requests type 2 as "9" (payload "x"), to be waited for later
    And the subject requests type 2 as "10" (payload "x"), to be waited for later
    And the subject requests type 2 as "11" (payload "x"), to be waited for later
    And the subject requests type 2 as "12" (payload "x"), to be waited for later
    And the subject requests type 2 as "13" (payload "x"), to be waited for later
    And the subject requests type 2 as "14" (payload "x"), to be waited for later
    And the subject requests type 2 as "15" (payload "x"), to be waited for later
    And the subject requests type 2 as "16" (payload "x"), to be waited for later
    And the subject requests type 2 as "17" (payload "x"), to be waited for later
    And the subject requests type 2 as "18" (payload "x"), to be waited for later
    And the subject requests type 2 as "19" (payload "x"), to be waited for later
    And the subject requests type 2 as "20" (payload "x"), to be waited for later
    And the subject requests type 2 as "21" (payload "x"), to be waited for later
    And the subject requests type 2 as "22" (payload "x"), to be waited for later
    And the subject requests type 2 as "23" (payload "x"), to be waited for later
    And the subject requests type 2 as "24" (payload "x"), to be waited for later
    And the subject requests type 2 as "25" (payload "x"), to be waited for later
    And the subject requests type 2 as "26" (payload "x"), to be waited for later
    And the subject requests type 2 as "27" (payload "x"), to be waited for later
    And the subject requests type 2 as "28" (payload "x"), to be waited for later
    And the subject requests type 2 as "29" (payload "x"), to be waited for later
    And the subject requests type 2 as "30" (payload "x"), to be waited for later
    And the subject requests type 2 as "31" (payload "x"), to be waited for later
    And the subject requests type 2 as "32" (payload "x"), to be waited for later
    And the subject requests type 2 as "33" (payload "x"), to be waited for later
    And the subject requests type 2 as "34" (payload "x"), to be waited for later
    And the subject requests type 2 as "35" (payload "x"), to be waited for later
    And the subject requests type 2 as "36" (payload "x"), to be waited for later
    And the subject requests type 2 as "37" (payload "x"), to be waited for later
    And the subject requests type 2 as "38" (payload "x"), to be waited for later
    And the subject requests type 2 as "39" (payload "x"), to be waited for later
    And the subject requests type 2 as "40" (payload "x"), to be waited for later
    And the subject requests type 2 as "41" (payload "x"), to be waited for later
    And the subject requests type 2 as "42" (payload "x"), to be waited for later
    And the subject requests type 2 as "43" (payload "x"), to be waited for later
    And the subject requests type 2 as "44" (payload "x"), to be waited for later
    And the subject requests type 2 as "45" (payload "x"), to be waited for later
    And the subject requests type 2 as "46" (payload "x"), to be waited for later
    And the subject requests type 2 as "47" (payload "x"), to be waited for later
    And the subject requests type 2 as "48" (payload "x"), to be waited for later
    And the subject requests type 2 as "49" (payload "x"), to be waited for later
    And the subject requests type 2 as "50" (payload "x"), to be waited for later
    And the subject requests type 2 as "51" (payload "x"), to be waited for later
    And the subject requests type 2 as "52" (payload "x"), to be waited for later
    And the subject requests type 2 as "53" (payload "x"), to be waited for later
    And the subject requests type 2 as "54" (payload "x"), to be waited for later
    And the subject requests type 2 as "55" (payload "x"), to be waited for later
    And the subject requests type 2 as "56" (payload "x"), to be waited for later
    And the subject requests type 2 as "57" (payload "x"), to be waited for later
    And the subject requests type 2 as "58" (payload "x"), to be waited for later
    And the subject requests type 2 as "59" (payload "x"), to be waited for later
    And the subject requests type 2 as "60" (payload "x"), to be waited for later
    And the subject requests type 2 as "61" (payload "x"), to be waited for later
    And the subject requests type 2 as "62" (payload "x"), to be waited for later
    And the subject requests type 2 as "63" (payload "x"), to be waited for later
    And the subject requests type 2 as "64" (payload "x"), to be waited for later
    And the subject requests type 2 as "65" (payload "x"), to be waited for later
    And the subject requests type 2 as "66" (payload "x"), to be waited for later
    And the subject requests type 2 as "67" (payload "x"), to be waited for later
    And the subject requests type 2 as "68" (payload "x"), to be waited for later
    And the subject requests type 2 as "69" (payload "x"), to be waited for later
    And the subject requests type 2 as "70" (payload "x"), to be waited for later
    Then the subject has sent 70 requests
    When the peer sends 03 00 02 00 (EOF)
    Then "1" is cancelled
    And "33" is cancelled
    And "65" is cancelled
    And "70" is cancelled

  @EOS-1 @must
  Scenario: a request with a decoder is cancelled like others
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "reverse"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled

  @EOS-6 @must
  Scenario: after a shutdown and then EOF a running handler is answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    Then the handler gets, in any order:
      | call |
      | type 6, payload "g" |
    When the subject is shut down as "shutdown"
    And the peer sends 03 00 02 00 (EOF)
    And gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: after a shutdown and then a cut a running handler is answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    Then the handler gets, in any order:
      | call |
      | type 6, payload "g" |
    When the subject is shut down as "shutdown"
    And the peer ends its stream without EOF
    And gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: after a shutdown and then malformed input a running handler is answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    Then the handler gets, in any order:
      | call |
      | type 6, payload "g" |
    When the subject is shut down as "shutdown"
    And the peer sends 01 01
    And gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @EOS-6 @must
  Scenario: EOF waits for the last of several handlers
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 07 68 (request: tag 2, wire type 7, payload "h")
    And the peer sends 04 03 02 03 63 (request: tag 3, wire type 3, payload "c")
    And the peer sends 03 00 02 00 (EOF)
    And gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    When gate "h" is released
    Then the subject answers 03 02 04 68 (response: tag 2, ok, payload "h")
    And the subject answers 03 03 04 63 (response: tag 3, ok, payload "c")
    And the subject ends its stream
