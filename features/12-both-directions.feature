Feature: Both directions at once
  The standard handler's type 9, wire type 10, asks the peer for type 2 with the
  payload it got, and returns the answer's payload.

  @BID-1 @must
  Scenario: requests of both peers are in flight at once
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")

  @BID-1 @must
  Scenario: the peer's request comes before its answer
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 07 02 03 61 (request: tag 7, wire type 3, payload "a")
    Then the subject answers 03 07 04 61 (response: tag 7, ok, payload "a")
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @BID-2 @must
  Scenario: a handler requests from the peer
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    And the peer answers each of the subject's 1 requests (ok, payload "there")
    Then the subject answers 07 01 04 74 68 65 72 65 (response: tag 1, ok, payload "there")

  @BID-2 @TAG-2 @must
  Scenario: two handlers request from the peer at once
    Given a connection
    When the peer sends 2 requests of wire type 10 with the payload "n", from tag 1 on
    And the peer answers each of the subject's 2 requests (ok, payload "y")
    Then the subject answers the tags 1 to 2 (ok, payload "y")

  @BID-3 @should
  Scenario Outline: <n> handlers request from the peer at once
    Given a connection
    When the peer sends <n> requests of wire type 10 with the payload "n", from tag 1 on
    And the peer answers each of the subject's <n> requests (ok, payload "y")
    Then the subject answers the tags 1 to <n> (ok, payload "y")

    Examples:
      | n  |
      | 5  |
      | 64 |

  @BID-3 @should
  Scenario: 64 handlers request from the peer with 131072 octets each
    Given a connection
    When the peer sends 64 requests of wire type 10 with 131072 octets each, from tag 1 on
    And the peer answers each of the subject's 64 requests (ok, payload "y")
    Then the subject answers the tags 1 to 64 (ok, payload "y")

  @BID-4 @should
  Scenario: a peer that stops reading is still heard
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer stops reading
    And the peer sends 24 requests of wire type 9 with the payload "65536", from tag 1 on
    And the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @BID-4 @should
  Scenario: everything arrives when a peer that had stopped reading reads again
    Given a connection
    When the peer stops reading
    And the peer sends 24 requests of wire type 9 with the payload "65536", from tag 1 on
    And the peer sends 03 00 02 00 (EOF)
    And the peer reads again
    Then the subject answers the tags 1 to 24 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream

  @BID-1 @must
  Scenario: 64 requests of each peer cross
    Given a connection
    When the subject requests type 2, 64 times, as "a" (payload "#")
    And the peer sends 64 requests of wire type 3 with the payload "#", from tag 1 on
    Then the subject sends the 64 requests of "a" (wire type 3, payload "#")
    And the subject answers the tags 1 to 64 (ok, payload "#")
    When the peer answers the 64 requests of "a", the last one first (ok, payload "to #")
    Then the 64 requests of "a" are answered (ok, payload "to #")

  @BID-2 @must
  Scenario: a handler's request is answered after others of the peer's
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject has sent 1 requests
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer answers each of the subject's 1 requests (ok, payload "there")
    Then the subject answers 07 01 04 74 68 65 72 65 (response: tag 1, ok, payload "there")

  @BID-2 @must
  Scenario: one handler after another requests from the peer
    Given a connection
    When the peer sends 04 01 02 0a 61 (request: tag 1, wire type 10, payload "a")
    And the peer answers each of the subject's 1 requests (ok, payload "b")
    Then the subject answers 03 01 04 62 (response: tag 1, ok, payload "b")
    When the peer sends 04 02 02 0a 63 (request: tag 2, wire type 10, payload "c")
    And the peer answers each of the subject's 1 requests (ok, payload "d")
    Then the subject answers 03 02 04 64 (response: tag 2, ok, payload "d")

  @BID-2 @must
  Scenario: handlers that have requested from the peer leave room for others
    Given a connection
    When the peer sends 2 requests of wire type 10 with the payload "n", from tag 1 on
    And the peer answers each of the subject's 2 requests (ok, payload "y")
    Then the subject answers the tags 1 to 2 (ok, payload "y")
    When the peer sends 2 requests of wire type 10 with the payload "n", from tag 3 on
    And the peer answers each of the subject's 2 requests (ok, payload "y")
    Then the subject answers the tags 3 to 4 (ok, payload "y")
    When the peer sends 2 requests of wire type 10 with the payload "n", from tag 5 on
    And the peer answers each of the subject's 2 requests (ok, payload "y")
    Then the subject answers the tags 5 to 6 (ok, payload "y")
    When the peer sends 4 requests of wire type 3 with the payload "#", from tag 9 on
    Then the subject answers the tags 9 to 12 (ok, payload "#")

  @BID-4 @should
  Scenario: requests submitted while the peer does not read arrive when it reads again
    Given a connection
    When the peer stops reading
    And the peer sends 24 requests of wire type 9 with the payload "65536", from tag 1 on
    And the subject does type 2 as "a" (payload "x")
    Then "a" is not answered
    When the peer reads again
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject answers the tags 1 to 24 with 65536 octets each, octet i being i mod 251

  @BID-4 @should
  Scenario: a peer that stops reading is heard, though the subject has much to send
    Given a connection
    When the peer stops reading
    And the subject does type 2 as "a" (payload 61*131072)
    And the subject does type 2 as "b" (payload 61*131072)
    And the subject does type 2 as "c" (payload 61*131072)
    And the subject does type 2 as "d" (payload 61*131072)
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the handler was called 1 times
    When the peer reads again
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")

  @BID-2 @must
  Scenario: the first that a handler's request brings is that request
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject sends a request (wire type 3, payload "hi")

  @BID-4 @should
  Scenario: answers that the peer was slow to read come before EOF
    Given a connection
    When the peer stops reading
    And the peer sends 24 requests of wire type 9 with the payload "65536", from tag 1 on
    And the subject does type 2 as "a" (payload "x")
    Then "a" is not answered
    When the peer sends 03 00 02 00 (EOF)
    And the peer reads again
    Then the subject answers the tags 1 to 24 with 65536 octets each, octet i being i mod 251

  @BID-3 @should
  Scenario: a response is heard while 130 handlers wait
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 130 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When gate "g" is released
    Then the subject answers the tags 1 to 130 (ok, payload "g")

  @BID-4 @should
  Scenario: 1100 answers and a refusal that wait for a peer that does not read
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer stops reading
    And the peer sends 24 requests of wire type 9 with the payload "65536", from tag 1 on
    And the peer sends 1100 requests of wire type 3 with the payload "#", from tag 101 on
    Then the handler was called 1124 times
    When the peer sends 05 01 03 05 03 78 (request: channel 5, tag 1, wire type 3, payload "x")
    And the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When the peer sends 03 00 02 00 (EOF)
    And the peer reads again
    Then the subject answers the tags 101 to 1200 (ok, payload "#")
    And the subject answers the tags 1 to 24 with 65536 octets each, octet i being i mod 251
    And the subject answers tag 1 on channel 5 with a failure
    And the subject ends its stream

  @BID-5 @must
  Scenario Outline: the end of one connection leaves another as it is: <how>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    Given another connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When <it ends>
    Then the subject ends its stream
    When the connection is closed
    Given the first connection again
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")

    Examples:
      | how              | it ends                               |
      | EOF              | the peer sends 03 00 02 00 (EOF)      |
      | octets that stop | the peer ends its stream without EOF  |
      | no packet        | the peer sends 00 (not a packet)      |

  @BID-5 @must
  Scenario: requests of two connections at once are told apart
    Given a connection
    When the peer sends 40 requests of wire type 3 with the payload "the first's #", from tag 1 on
    Given another connection
    When the peer sends 40 requests of wire type 3 with the payload "the second's #", from tag 1 on
    Then the subject answers the tags 1 to 40 (ok, payload "the second's #")
    Given the first connection again
    Then the subject answers the tags 1 to 40 (ok, payload "the first's #")

  @BID-5 @must
  Scenario: a peer that stops reading does not hold up another connection
    Given a connection
    When the peer stops reading
    And the peer sends 4 requests of wire type 9 with the payload "65536", from tag 1 on
    Given another connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
