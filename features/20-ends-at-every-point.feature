Feature: Every end at every point
  Whatever ends the peer's stream, at whatever point of a request's life, leaves the
  connection in the same state: pending requests cancelled, accepted requests
  answered, EOF sent, join returned.

  @BAD-1 @EOS-3 @must
  Scenario Outline: nothing is under way when the stream ends by <end>
    Given a connection
    When the subject is joined as "join"
    And the peer <ends>
    Then the subject ends its stream
    And "join" returns
    And requesting type 2 is refused as closed

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-1 @must
  Scenario Outline: a request is pending when the stream ends by <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer <ends>
    Then "a" is cancelled
    And the subject ends its stream
    And "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-6 @must
  Scenario Outline: a handler is running when the stream ends by <end>
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer <ends>
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream
    When the subject is joined as "join"
    Then "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-1 @must
  Scenario Outline: a handler waits for the peer's answer when the stream ends by <end>
    Given a connection
    When the peer sends 05 01 02 0a 68 69 (request: tag 1, wire type 10, payload "hi")
    Then the subject sends a request (wire type 3, payload "hi")
    When the peer <ends>
    Then the subject answers tag 1 with a failure
    And the subject ends its stream

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed EOF     | sends 03 05 02 00 (request: tag 5, wire type 0) |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @SHD-5 @must @dialect-2021
  Scenario Outline: a request is pending after a shutdown when the stream ends by <end>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the subject is joined as "join"
    And the peer <ends>
    Then "a" is cancelled
    And "join" returns

    Examples:
      | end                 | ends                                            |
      | EOF                 | sends 03 00 02 00 (EOF)                         |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @EOS-1 @must
  Scenario Outline: a request is pending, without a handler, when the stream ends by <end>
    Given a connection without a request handler
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer <ends>
    Then "a" is cancelled
    And the subject ends its stream
    And "join" returns

    Examples:
      | end                 | ends                                            |
      | the octets' end     | ends its stream without EOF                     |
      | a malformed packet  | sends 02 01 02 (not a packet)                   |

  @BAD-1 @SHD-5 @must @dialect-2021
  Scenario: a request is pending after a shutdown, without a handler, when the stream ends by a malformed packet
    Given a connection without a request handler
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the subject is joined as "join"
    And the peer sends 02 01 02 (not a packet)
    Then "a" is cancelled
    And "join" returns

  @BAD-2 @must
  Scenario: a request is cut behind 70000 octets of its payload
    Given a connection
    When the peer sends 84 f1 03 01 02 03 61*70000 (not a packet)
    And the peer ends its stream without EOF
    Then the subject ends its stream
    And the handler was not called

  @EOS-6 @EOS-4 @must
  Scenario: requests of all kinds in one write with EOF are answered
    Given a connection
    When the peer sends:
      | octets            | meaning                                                       |
      | 03 01 02 01       | request: tag 1, wire type 1                                   |
      | 04 02 82 56 02    | request: tag 2, flags 0x55, wire type 2                       |
      | 04 03 02 03 61    | request: tag 3, wire type 3, payload "a"                      |
      | 04 04 02 06 61    | request: tag 4, wire type 6, payload "a"                      |
      | 03 05 02 64       | request: tag 5, wire type 100                                 |
      | 05 06 03 05 03 61 | request: channel 5, tag 6, wire type 3, payload "a"           |
      | 04 07 02 07 67    | request: tag 7, wire type 7, payload "g"                      |
      | 03 00 02 00       | EOF                                                           |
    And gate "g" is released
    Then the subject answers 02 01 04 (response: tag 1, ok)
    And the subject answers 03 02 85 2c (response: tag 2, packet flags 0xab)
    And the subject answers 03 03 04 61 (response: tag 3, ok, payload "a")
    And the subject answers tag 4 with a failure
    And the subject answers tag 5 with a failure
    And the subject answers tag 6 on channel 5 with a failure
    And the subject answers 03 07 04 67 (response: tag 7, ok, payload "g")
    And the subject ends its stream

  @HND-7 @should
  Scenario: invalid results come before EOF, as failures
    Given a connection
    And the implementation can give invalid replies
    When the peer sends:
      | octets                            | meaning                                                 |
      | 08 01 02 0b 66 6c 6f 61 74        | request: tag 1, wire type 11, payload "float"           |
      | 0b 02 02 0b 6e 65 67 61 74 69 76 65 | request: tag 2, wire type 11, payload "negative"      |
      | 03 00 02 00                       | EOF                                                     |
    Then the subject answers tag 1 with a failure
    And the subject answers tag 2 with a failure
    And the subject ends its stream

  @TAG-5 @should
  Scenario: a refused duplicate leaves the first to be answered before EOF
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers tag 1 with a failure
    When gate "g" is released
    Then the subject answers 03 01 04 67 (response: tag 1, ok, payload "g")
    And the subject ends its stream

  @must
  Scenario Outline: the answer comes before EOF: <case>
    Given a connection
    When the peer sends <request>
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers <answer>
    And the subject ends its stream

    @HND-1
    Examples:
      | case             | request                                                                 | answer                                                |
      | nothing          | 03 01 02 01 (request: tag 1, wire type 1)                               | 02 01 04 (response: tag 1, ok)                        |

    @HND-2
    Examples:
      | case             | request                                                                 | answer                                                |
      | flags            | 04 01 82 56 02 (request: tag 1, flags 0x55, wire type 2)                | 03 01 85 2c (response: tag 1, packet flags 0xab)      |

    @HND-3
    Examples:
      | case             | request                                                                 | answer                                                |
      | octets           | 05 01 02 03 ff fe (request: tag 1, wire type 3, payload ff fe)          | 04 01 04 ff fe (response: tag 1, ok, payload ff fe)   |

    @HND-4
    Examples:
      | case             | request                                                                 | answer                                                |
      | text             | 05 01 02 04 c3 a9 (request: tag 1, wire type 4, payload "é")            | 04 01 04 c3 a9 (response: tag 1, ok, payload "é")     |

    @HND-5
    Examples:
      | case             | request                                                                 | answer                                                |
      | flags and octets | 05 01 16 05 68 69 (request: tag 1, flags 5, wire type 5, payload "hi")  | 04 01 2c 68 69 (response: tag 1, packet flags 11, payload "hi") |

  @must
  Scenario Outline: the failure response comes before EOF: <case>
    Given a connection
    When the peer sends <request>
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers <which> with a failure
    And the subject ends its stream

    @HND-6
    Examples:
      | case                        | request                                                         | which              |
      | a handler that raises       | 04 01 02 06 61 (request: tag 1, wire type 6, payload "a")       | tag 1              |
      | one that raises without a word | 03 01 02 06 (request: tag 1, wire type 6)                    | tag 1              |
      | an unknown type             | 04 01 02 64 61 (request: tag 1, wire type 100, payload "a")     | tag 1              |

    @CHN-1 @outside
    Examples:
      | case                        | request                                                         | which              |
      | an unknown channel          | 05 01 03 05 03 61 (request: channel 5, tag 1, wire type 3, payload "a") | tag 1 on channel 5 |

    @MEO-2 @outside
    Examples:
      | case                        | request                                                         | which              |
      | wire type 0 on channel 7    | 04 05 03 07 00 (request: channel 7, tag 5, wire type 0)         | tag 5 on channel 7 |

  @HND-8 @must
  Scenario: the failure response of a connection without a handler comes before EOF
    Given a connection without a request handler
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers tag 1 with a failure
    And the subject ends its stream

  @HND-6 @must
  Scenario: requests after one whose handler raises are answered before EOF
    Given a connection
    When the peer sends 12 requests of wire type 6 with the payload "a", from tag 1 on
    And the peer sends 04 0d 02 03 61 (request: tag 13, wire type 3, payload "a")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject answers 03 0d 04 61 (response: tag 13, ok, payload "a")

  @TAG-4 @must
  Scenario: the refusal of a duplicate comes before EOF
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    And the peer sends 03 00 02 00 (EOF)
    Then the subject takes no more requests
    When gate "g" is released
    Then the subject answers tag 1 with a failure

  @RSP-4 @must
  Scenario: an answer before EOF counts, though an earlier request is open
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    And the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    When the peer answers "b" (ok, payload "to b")
    And the peer sends 03 00 02 00 (EOF)
    Then "b" is answered (ok, payload "to b")
    And "a" is cancelled

  @DCR-2 @must
  Scenario: the decoder's error stands, though EOF follows the response
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "raise"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y")
    And the peer sends 03 00 02 00 (EOF)
    Then "a" ends with the decoder's error

  @must
  Scenario Outline: what follows is ignored: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer sends <octets>
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    And the peer answers "a" (ok, payload "y")
    Then "a" is cancelled
    And the subject ends its stream
    And the handler was not called

    @EOS-1 @EOS-5
    Examples:
      | case                          | octets                                                              |
      | EOF                           | 03 00 02 00 (EOF)                                                   |
      | EOF with channel 0 written    | 04 00 03 00 00 (EOF)                                                |
      | EOF with an overlong tag      | 04 80 00 02 00 (EOF)                                                |
      | EOF with an overlong length   | 80 03 00 02 00 (EOF)                                                |
      | EOF with an overlong type     | 04 00 02 80 00 (EOF)                                                |
      | EOF with an overlong word     | 04 00 80 02 00 (EOF)                                                |

    @MEO-1 @EOS-5
    Examples:
      | case                          | octets                                                              |
      | EOF with a tag                | 03 05 02 00 (request: tag 5, wire type 0)                           |
      | EOF with flags                | 03 00 06 00 (request: tag 0, flags 1, wire type 0)                  |
      | EOF with a payload            | 04 00 02 00 78 (request: tag 0, wire type 0, payload "x")           |

    @MEO-1 @EOS-5 @dialect-2021
    Examples:
      | case                          | octets                                                              |
      | the later ERQ                 | 03 01 02 00 (request: tag 1, wire type 0)                           |

    @BAD-1
    Examples:
      | case                          | octets                                                              |
      | an empty body                 | 00 (not a packet)                                                   |
      | a tag alone                   | 01 01 (not a packet)                                                |
      | a request with no type        | 02 01 02 (not a packet)                                             |
      | has_channel and none          | 02 01 01 (not a packet)                                             |
      | a tag that goes on            | 02 81 81 (not a packet)                                             |
      | a type that goes on           | 03 01 02 81 (not a packet)                                          |

  @SHD-5 @EOS-5 @must @dialect-2021
  Scenario: a response after the peer's EOF is too late, after a shutdown too
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 03 00 02 00 (EOF)
    And the peer answers "a" (ok, payload "y")
    Then "a" is cancelled

  @MEO-4 @should @dialect-2021
  Scenario: a response after a malformed EOF is too late, after a shutdown too
    Given a connection
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is shut down
    Then the subject ends its stream
    When the peer sends 03 05 02 00 (request: tag 5, wire type 0)
    And the peer answers "a" (ok, payload "y")
    Then "a" is cancelled
