Feature: Shutdown

  @SHD-1 @must
  Scenario Outline: after a shutdown requests are refused: <how>
    Given a connection
    When the subject is shut down
    Then <how> type 2 (payload "x") is refused as closed
    And the subject ends its stream

    Examples:
      | how        |
      | requesting |
      | doing      |

  @SHD-1 @must
  Scenario Outline: nothing of a request refused after a shutdown is sent: <how>
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    And <how> type 2 (payload "x") is refused as closed
    And the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

    Examples:
      | how        |
      | requesting |
      | doing      |

  @SHD-2 @must
  Scenario: a running handler's answer goes out before EOF
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    And the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    And "shutdown" returns

  @SHD-2 @must @dialect-2021
  Scenario: a handler that waits for the peer at the shutdown gets its answer
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject has sent 1 requests
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When the peer answers each of the subject's 1 requests (ok, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")
    And the subject ends its stream

  @SHD-2 @must
  Scenario: requests that wait for a handler at the shutdown are answered
    Given a connection
    When the peer sends 12 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 05 0d 03 05 03 61 (request: channel 5, tag 13, wire type 3, payload "a")
    Then the subject answers tag 13 on channel 5 with a failure
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers the tags 1 to 12 (ok, payload "g")
    And the subject ends its stream
    And "shutdown" returns

  @SHD-2 @must
  Scenario: a peer that has answered everything sees the subject's EOF at once
    Given a connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    When the subject is shut down
    Then the subject ends its stream

  @SHD-3 @must @dialect-2021
  Scenario: requests submitted before the shutdown go out before EOF
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "y")
    And the subject is shut down
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    And the subject ends its stream

  @SHD-3 @must @dialect-2021
  Scenario: requests that wait to be flushed at the shutdown go out before EOF
    Given a connection with a grace of 0.5 s
    When the subject requests type 2, 3 times, as "a" (payload "#")
    And the subject requests type 2 as "b" (payload 62*5000)
    And the subject is shut down
    Then the subject sends the 3 requests of "a" (wire type 3, payload "#")
    And the subject sends the request of "b" (wire type 3, payload 62*5000)
    And the subject ends its stream

  @SHD-3 @must @dialect-2021
  Scenario: requests that a full pipe holds back go out before EOF
    Given a connection
    When the peer stops reading
    And the subject requests type 2 as "a" (payload 61*70000), unless it is held back
    And the subject requests type 2 as "b" (payload 62*2000), unless it is held back
    And the subject requests type 2 as "c" (payload 63*70000), unless it is held back
    And the subject is shut down as "shutdown"
    Then "a" is not answered
    When the peer reads again
    Then the subject sends the request of "a" (wire type 3, payload 61*70000)
    And the subject sends the request of "b" (wire type 3, payload 62*2000)
    And the subject sends the request of "c" (wire type 3, payload 63*70000)
    And the subject ends its stream

  @SHD-4 @must
  Scenario: a second shutdown returns and sends nothing
    Given a connection
    When the subject is shut down
    Then the subject ends its stream
    When the subject is shut down
    And the subject is shut down, blocking, as "third"
    Then "third" returns

  @SHD-4 @must
  Scenario: a shutdown after the peer's EOF returns and sends nothing
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject ends its stream
    When the subject is shut down
    And the subject is shut down, blocking, as "second"
    Then "second" returns

  @SHD-5 @must @dialect-2021
  Scenario Outline: a late response is delivered: <case>
    Given a connection
    When the subject <asks> type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    And "a" is not answered
    When the peer answers "a" (<response>)
    Then "a" is answered (<response>)

    Examples:
      | case           | asks     | response                     |
      | a result       | requests | ok, flags 5, payload "y"     |
      | a failure      | requests | failed, flags 5, payload "n" |
      | a result of do | does     | ok, flags 5, payload "y"     |

  @SHD-5 @must @dialect-2021
  Scenario: what is pending after a shutdown is cancelled by the peer's EOF
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled

  @SHD-6 @must
  Scenario: a blocking shutdown waits for accepted requests
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down, blocking, as "shutdown"
    Then the subject takes no more requests
    And "shutdown" has not returned
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    And "shutdown" returns

  @SHD-6 @must
  Scenario: a blocking shutdown waits for each of several accepted requests
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 07 68 (request: tag 2, wire type 7, payload "h")
    And the peer sends 05 03 03 05 03 61 (request: channel 5, tag 3, wire type 3, payload "a")
    Then the subject answers tag 3 on channel 5 with a failure
    When the subject is shut down, blocking, as "shutdown"
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And "shutdown" has not returned
    When gate "h" is released
    Then the subject answers 03 02 04 68 (response: tag 2, ok, payload "h")
    And the subject ends its stream
    And "shutdown" returns

  @SHD-6 @must
  Scenario: a blocking shutdown with nothing outstanding returns
    Given a connection
    When the subject is shut down, blocking, as "shutdown"
    Then the subject ends its stream
    And "shutdown" returns

  @SHD-6 @must @dialect-2021
  Scenario Outline: a blocking shutdown returns after EOF, with <grace> of grace
    Given a connection with a grace of <grace>
    When the subject is shut down, blocking, as "shutdown"
    Then "shutdown" returns after EOF
    And the subject ends its stream

    Examples:
      | grace  |
      | 0 s    |
      | 0.02 s |

  @SHD-6 @must @dialect-2021
  Scenario: a blocking shutdown returns after the last answer and EOF
    Given a connection with a grace of 0.02 s
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down, blocking, as "shutdown"
    And gate "g" is released
    Then "shutdown" returns after EOF
    And the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @SHD-6 @must
  Scenario: a blocking shutdown waits until everything is sent
    Given a connection
    When the peer stops reading
    And the peer sends 4 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the handler was called 4 times
    When the subject is shut down, blocking, as "shutdown"
    Then "shutdown" has not returned
    When the peer reads again
    Then the subject answers the tags 1 to 4 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream
    And "shutdown" returns

  @SHD-7 @should @dialect-2021
  Scenario Outline: a blocking shutdown waits for what the subject <asks>
    Given a connection
    When the subject <asks> type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down, blocking, as "shutdown"
    Then the subject ends its stream
    And "shutdown" has not returned
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    And "shutdown" returns

    Examples:
      | asks     |
      | requests |
      | does     |

  @SHD-7 @should @dialect-2021
  Scenario: a blocking shutdown waits for each of several pending requests
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    When the subject is shut down, blocking, as "shutdown"
    Then the subject ends its stream
    When the peer answers "a" (ok, payload "to a")
    Then "a" is answered (ok, payload "to a")
    And "shutdown" has not returned
    When the peer answers "b" (ok, payload "to b")
    Then "b" is answered (ok, payload "to b")
    And "shutdown" returns

  @SHD-7 @should @dialect-2021
  Scenario Outline: a blocking shutdown returns when pending requests are cancelled by <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down, blocking, as "shutdown"
    Then the subject ends its stream
    And "shutdown" has not returned
    When the peer <does>
    Then "a" is cancelled
    And "shutdown" returns

    Examples:
      | end             | does                        |
      | EOF             | sends 03 00 02 00 (EOF)     |
      | a cut           | ends its stream without EOF |
      | malformed input | sends 01 01 (not a packet)  |

  @SHD-8 @must @dialect-2021
  Scenario: a shutdown does not wait for requests pending at the peer
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down as "shutdown"
    Then "shutdown" returns
    And the subject ends its stream
    And "a" is not answered

  @SHD-9 @should
  Scenario: a shutdown does not wait for running handlers
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then "shutdown" returns
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @SHD-9 @should
  Scenario Outline: a shutdown after <end> does not wait for running handlers
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When <does>
    Then the subject takes no more requests
    When the subject is shut down as "again"
    Then "again" returns
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

    Examples:
      | end              | does                                 |
      | another shutdown | the subject is shut down as "first"  |
      | the peer's EOF   | the peer sends 03 00 02 00 (EOF)     |

  @SHD-10 @should @dialect-2021
  Scenario: a request that comes after the shutdown does not reach the handler
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When the peer sends 04 03 02 03 62 (request: tag 3, wire type 3, payload "b")
    And the peer sends 03 00 02 00 (EOF)
    Then "a" is cancelled
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream, with or without a refusal of tag 3
    And the handler gets, in any order:
      | call                 |
      | type 6, payload "g"  |
      | type 2, payload "a"  |

  @SHD-11 @must
  Scenario: shutdown returns when the peer no longer reads
    Given a connection
    When the peer closes its receiving pipe
    And the subject is shut down as "shutdown"
    Then "shutdown" returns

  @SHD-11 @must
  Scenario: a blocking shutdown returns when the peer no longer reads
    Given a connection
    When the peer closes its receiving pipe
    And the subject is shut down, blocking, as "shutdown"
    Then "shutdown" returns

  @SHD-11 @must
  Scenario: a blocking shutdown returns after an answer found that the peer no longer reads
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer closes its receiving pipe
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the handler was called 2 times
    When the subject is shut down, blocking, as "shutdown"
    And gate "g" is released
    Then "shutdown" returns

  @RSP-2 @JOI-1 @SHD-11 @must
  Scenario: a peer that no longer reads is still heard
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer closes its receiving pipe
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the handler was called 1 times
    And "join" has not returned
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")
    When the subject is shut down, blocking, as "shutdown"
    And the peer sends 03 00 02 00 (EOF)
    Then "b" is cancelled
    And "join" returns
    And "shutdown" returns

  @SHD-2 @must
  Scenario: answers that a full pipe holds back go out before EOF
    Given a connection
    When the peer stops reading
    And the peer sends 6 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the handler was called 6 times
    When the subject is shut down as "shutdown"
    And the peer reads again
    Then the subject answers the tags 1 to 6 with 65536 octets each, octet i being i mod 251
    And the subject ends its stream
    And "shutdown" returns

  @SHD-5 @EOS-6 @must @dialect-2021
  Scenario Outline: a running handler is answered after a shutdown and <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When the peer answers "a" (ok, payload "y")
    And the peer <does>
    Then "a" is answered (ok, payload "y")
    And the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    And "shutdown" returns

    Examples:
      | end             | does                        |
      | EOF             | sends 03 00 02 00 (EOF)     |
      | a cut           | ends its stream without EOF |
      | malformed input | sends 01 01 (not a packet)  |

  @SHD-4 @must
  Scenario: two shutdowns at once send one EOF
    Given a connection
    When the subject is shut down as "one"
    And the subject is shut down as "two"
    Then "one" returns
    And "two" returns
    And the subject ends its stream

  @SHD-6 @must @dialect-2021
  Scenario: a blocking shutdown inside which a handler requests from the peer
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject has sent 1 requests
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down, blocking, as "shutdown"
    Then the subject takes no more requests
    And "shutdown" has not returned
    When the peer answers each of the subject's 1 requests (ok, payload "y")
    Then the subject answers 03 01 04 79 (response: tag 1, ok, payload "y")
    And the subject ends its stream
    And "shutdown" returns

  @SHD-4 @must
  Scenario Outline: shutdowns after <end>, while a handler runs, send one EOF, and all return
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When <does>
    Then the subject takes no more requests
    When the subject is shut down as "one"
    And the subject is shut down, blocking, as "two"
    Then the subject has sent nothing more
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    And "one" returns
    And "two" returns

    Examples:
      | end              | does                                 |
      | another shutdown | the subject is shut down as "first"  |
      | the peer's EOF   | the peer sends 03 00 02 00 (EOF)     |

  @SHD-5 @must @dialect-2021
  Scenario: after a shutdown a response to no request is ignored
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down as "shutdown"
    And the peer sends 02 4d 04 (response: tag 77, ok)
    And the peer answers "a" (channel 5, ok, payload "of another channel")
    And the peer sends 06 01 04 6c 61 74 65 (response: tag 1, ok, payload "late")
    Then "a" is answered (ok, payload "late")

  @SHD-5 @must @dialect-2021
  Scenario Outline: after a shutdown <what> does not end the stream
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends <octets>
    And the peer answers "a" (ok, payload "late")
    Then "a" is answered (ok, payload "late")

    Examples:
      | what                        | octets                                                                  |
      | a request                   | 04 03 02 03 61 (request: tag 3, wire type 3, payload "a")               |
      | a request on channel 5      | 05 03 03 05 03 61 (request: channel 5, tag 3, wire type 3, payload "a") |
      | wire type 0 on channel 7    | 04 05 03 07 00 (request: channel 7, tag 5, wire type 0)                 |

  @SHD-5 @DEC-5 @must @dialect-2021
  Scenario: a response of which half had come at the shutdown is delivered
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y"), cut before its last octet
    Then "a" is not answered
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 79
    Then "a" is answered (ok, payload "y")

  @SHD-2 @must @dialect-2021
  Scenario: a duplicate after the shutdown does not take the running handler's answer
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When the peer sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g"), with or without a refusal before it
    And the subject ends its stream, with or without a refusal of tag 1

  @SHD-2 @must
  Scenario: EOF of a shutdown waits for the last of 101 handlers
    Given a connection
    When the peer sends 100 requests of wire type 7 with the payload "g", from tag 1 on
    And the peer sends 04 65 02 07 68 (request: tag 101, wire type 7, payload "h")
    And the peer sends 05 66 03 05 03 61 (request: channel 5, tag 102, wire type 3, payload "a")
    Then the subject answers tag 102 on channel 5 with a failure
    When the subject is shut down as "shutdown"
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers the tags 1 to 100 (ok, payload "g")
    When gate "h" is released
    Then the subject answers 03 65 04 68 (response: tag 101, ok, payload "h")
    And the subject ends its stream

  @SHD-5 @DCR-1 @DCR-2 @must @dialect-2021
  Scenario: after a shutdown late responses are decoded
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "reverse"
    And the subject requests type 2 as "b" (payload "y"), decoded by "raise"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    When the subject is shut down as "shutdown"
    And the peer answers "a" (ok, payload "late")
    And the peer answers "b" (ok, payload "late")
    Then "a" is answered (ok, payload "etal")
    And "b" ends with the decoder's error

  @SHD-5 @must
  Scenario: after a shutdown a late response of 70000 octets is delivered
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down as "shutdown"
    And the peer answers "a" (ok, payload 61*70000)
    Then "a" is answered (ok, payload 61*70000)

  @TAG-5 @should
  Scenario: a blocking shutdown returns after a duplicate was refused
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 with a failure
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    When the subject is shut down, blocking, as "shutdown"
    Then "shutdown" returns
    And the subject ends its stream

  @SHD-6 @must @dialect-2021
  Scenario: a blocking shutdown returns after failed and ill-decoded answers
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends 04 01 00 6e 6f (response: tag 1, failed, payload "no")
    Then "a" is answered (failed, payload "no")
    When the subject requests type 2 as "b" (payload "y"), decoded by "raise"
    Then the subject sends the request of "b" (wire type 3, payload "y")
    When the peer sends 05 02 04 79 65 73 (response: tag 2, ok, payload "yes")
    Then "b" ends with the decoder's error
    When the subject is shut down, blocking, as "shutdown"
    Then "shutdown" returns
    And the subject ends its stream

  @SHD-7 @should @dialect-2021
  Scenario: a response to no request does not let a blocking shutdown return
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down, blocking, as "shutdown"
    And the peer sends 02 4d 04 (response: tag 77, ok)
    Then "shutdown" has not returned
    When the peer sends 06 01 04 6c 61 74 65 (response: tag 1, ok, payload "late")
    Then "a" is answered (ok, payload "late")
    And "shutdown" returns

  @SHD-6 @must
  Scenario Outline: <end> lets a blocking shutdown return
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down, blocking, as "shutdown"
    And the peer <does>
    Then "a" is cancelled
    And "shutdown" returns

    Examples:
      | end             | does                        |
      | a cut           | ends its stream without EOF |
      | malformed input | sends 01 01                 |

  @SHD-4 @must
  Scenario: a second blocking shutdown returns, too
    Given a connection
    When the subject is shut down, blocking, as "first"
    Then "first" returns
    When the subject is shut down, blocking, as "second"
    Then "second" returns
    And the subject ends its stream

  @TAG-5 @should
  Scenario: a duplicate refused before the shutdown does not let EOF out before the first is answered
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 78 (request: tag 1, wire type 3, payload "x")
    Then the subject answers tag 1 with a failure
    When the subject is shut down as "shutdown"
    And gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
