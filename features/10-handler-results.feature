Feature: Handler results
  The standard handler's types, each one more on the wire: 1 nothing, 2 flags,
  3 octets, 4 text, 5 flags and octets, 6 raises, 7 waits for a gate, 11 something
  that is none of the five.

  @HND-1 @must
  Scenario Outline: nothing is answered with flags 0 and no payload: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers 02 01 04 (response: tag 1, ok)

    Examples:
      | case                   | request                                                                |
      | to a bare request      | 03 01 02 01 (request: tag 1, wire type 1)                              |
      | to flags and a payload | 05 01 16 01 68 69 (request: tag 1, flags 5, wire type 1, payload "hi") |

  @HND-2 @must
  Scenario Outline: flags <flags> are answered with no payload
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | flags   | request                                                                               | response                                                             |
      | 0       | 04 01 02 02 68 (request: tag 1, wire type 2, payload "h")                             | 02 01 04 (response: tag 1, ok)                                       |
      | 1       | 04 01 06 02 68 (request: tag 1, flags 1, wire type 2, payload "h")                    | 02 01 0c (response: tag 1, ok, flags 1)                              |
      | 15      | 04 01 3e 02 68 (request: tag 1, flags 15, wire type 2, payload "h")                   | 02 01 7c (response: tag 1, ok, flags 15)                             |
      | 16      | 04 01 42 02 68 (request: tag 1, flags 16, wire type 2, payload "h")                   | 03 01 81 04 (response: tag 1, ok, flags 16)                          |
      | 0x55    | 05 01 82 56 02 68 (request: tag 1, flags 0x55, wire type 2, payload "h")              | 03 01 85 2c (response: tag 1, ok, flags 0x55)                        |
      | 0x1000  | 06 01 81 80 02 02 68 (request: tag 1, flags 0x1000, wire type 2, payload "h")         | 04 01 82 80 04 (response: tag 1, ok, flags 0x1000)                   |
      | 2^32    | 08 01 c0 80 80 80 02 02 68 (request: tag 1, flags 2^32, wire type 2, payload "h")     | 07 01 81 80 80 80 80 04 (response: tag 1, ok, flags 2^32)            |
      | 2^60-1  | 0c 01 bf ff ff ff ff ff ff ff 7e 02 68 (request: tag 1, flags 2^60-1, wire type 2, payload "h") | 0a 01 ff ff ff ff ff ff ff ff 7c (response: tag 1, ok, flags 2^60-1) |

  @HND-3 @must
  Scenario Outline: octets are answered with flags 0: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | case         | request                                                                      | response                                              |
      | none         | 03 01 16 03 (request: tag 1, flags 5, wire type 3)                           | 02 01 04 (response: tag 1, ok)                        |
      | one zero     | 04 01 16 03 00 (request: tag 1, flags 5, wire type 3, payload 00)            | 03 01 04 00 (response: tag 1, ok, payload 00)         |
      | some         | 05 01 16 03 68 69 (request: tag 1, flags 5, wire type 3, payload "hi")       | 04 01 04 68 69 (response: tag 1, ok, payload "hi")    |
      | zero at last | 05 01 16 03 78 00 (request: tag 1, flags 5, wire type 3, payload 78 00)      | 04 01 04 78 00 (response: tag 1, ok, payload 78 00)   |
      | not UTF-8    | 05 01 16 03 ff fe (request: tag 1, flags 5, wire type 3, payload ff fe)      | 04 01 04 ff fe (response: tag 1, ok, payload ff fe)   |
      | 126          | 81 01 01 16 03 61*126 (request: tag 1, flags 5, wire type 3, payload 61*126) | 81 00 01 04 61*126 (response: tag 1, ok, payload 61*126) |

  @HND-3 @must
  Scenario: 128 results of 65536 octets each are answered
    Given a connection
    When the peer sends 128 requests of wire type 9 with the payload "65536", from tag 1 on
    Then the subject answers the tags 1 to 128 with 65536 octets each, octet i being i mod 251
    When the peer sends 4 requests of wire type 3 with the payload "#", from tag 201 on
    And the peer sends 4 requests of wire type 3 with the payload "#", from tag 205 on
    Then the subject answers the tags 201 to 208 (ok, payload "#")

  @HND-4 @must
  Scenario Outline: text is answered in UTF-8 with flags 0: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | case         | request                                                                           | response                                                     |
      | none         | 03 01 16 04 (request: tag 1, flags 5, wire type 4)                                | 02 01 04 (response: tag 1, ok)                               |
      | ASCII        | 05 01 16 04 68 69 (request: tag 1, flags 5, wire type 4, payload "hi")            | 04 01 04 68 69 (response: tag 1, ok, payload "hi")           |
      | two octets   | 05 01 16 04 c3 a9 (request: tag 1, flags 5, wire type 4, payload "é")             | 04 01 04 c3 a9 (response: tag 1, ok, payload "é")            |
      | three octets | 06 01 16 04 e2 98 83 (request: tag 1, flags 5, wire type 4, payload "☃")          | 05 01 04 e2 98 83 (response: tag 1, ok, payload "☃")         |
      | four octets  | 07 01 16 04 f0 9d 84 9e (request: tag 1, flags 5, wire type 4, payload "𝄞")       | 06 01 04 f0 9d 84 9e (response: tag 1, ok, payload "𝄞")      |
      | a zero       | 04 01 16 04 00 (request: tag 1, flags 5, wire type 4, payload 00)                 | 03 01 04 00 (response: tag 1, ok, payload 00)                |
      | 70000 octets | 84 a2 73 01 16 04 61*70000 (request: tag 1, flags 5, wire type 4, payload 61*70000) | 84 a2 72 01 04 61*70000 (response: tag 1, ok, payload 61*70000) |
      | U+0904       | 06 01 16 04 e0 a4 84 (request: tag 1, flags 5, wire type 4, payload e0 a4 84)     | 05 01 04 e0 a4 84 (response: tag 1, ok, payload e0 a4 84)    |
      | U+D7FF       | 06 01 16 04 ed 9f bf (request: tag 1, flags 5, wire type 4, payload ed 9f bf)     | 05 01 04 ed 9f bf (response: tag 1, ok, payload ed 9f bf)    |
      | U+E000       | 06 01 16 04 ee 80 80 (request: tag 1, flags 5, wire type 4, payload ee 80 80)     | 05 01 04 ee 80 80 (response: tag 1, ok, payload ee 80 80)    |

  @HND-5 @must
  Scenario Outline: flags and octets are answered with both: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | case              | request                                                                            | response                                                        |
      | both              | 05 01 16 05 68 69 (request: tag 1, flags 5, wire type 5, payload "hi")             | 04 01 2c 68 69 (response: tag 1, ok, flags 5, payload "hi")     |
      | flags 0           | 05 01 02 05 68 69 (request: tag 1, wire type 5, payload "hi")                      | 04 01 04 68 69 (response: tag 1, ok, payload "hi")              |
      | no octets         | 03 01 16 05 (request: tag 1, flags 5, wire type 5)                                 | 02 01 2c (response: tag 1, ok, flags 5)                         |
      | neither           | 03 01 02 05 (request: tag 1, wire type 5)                                          | 02 01 04 (response: tag 1, ok)                                  |
      | 70000 octets      | 84 a2 73 01 16 05 61*70000 (request: tag 1, flags 5, wire type 5, payload 61*70000) | 84 a2 72 01 2c 61*70000 (response: tag 1, ok, flags 5, payload 61*70000) |
      | other octets      | 06 01 02 08 61 62 63 (request: tag 1, wire type 8, payload "abc")                  | 06 01 81 0c 63 62 61 (response: tag 1, ok, flags 0x11, payload "cba") |

  @HND-6 @must
  Scenario Outline: a handler that raises is answered by a failure: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers tag 1 with a failure
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")

    Examples:
      | case                             | request                                                                    |
      | with a message                   | 07 01 02 06 62 6f 6f 6d (request: tag 1, wire type 6, payload "boom")      |
      | without one                      | 03 01 02 06 (request: tag 1, wire type 6)                                  |
      | to flags                         | 03 01 16 06 (request: tag 1, flags 5, wire type 6)                         |
      | with a long message              | 84 2b 01 02 06 62*552 (request: tag 1, wire type 6, payload 62*552)        |
      | for a type that it does not know | 04 01 02 87 68 (request: tag 1, wire type 1000)                            |

  @HND-7 @should
  Scenario Outline: a result that is none of the five is answered by a failure: <kind>
    Given the implementation can give invalid replies
    And a connection
    When the peer sends <request>
    And the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")
    When the peer sends 03 00 02 00 (EOF)
    Then the subject answers tag 1 with a failure
    And the subject ends its stream

    Examples:
      | kind     | request                                                                                   |
      | float    | 08 01 16 0b 66 6c 6f 61 74 (request: tag 1, flags 5, wire type 11, payload "float")       |
      | list3    | 08 01 02 0b 6c 69 73 74 33 (request: tag 1, wire type 11, payload "list3")                |
      | int-str  | 0a 01 02 0b 69 6e 74 2d 73 74 72 (request: tag 1, wire type 11, payload "int-str")        |
      | negative | 0b 01 02 0b 6e 65 67 61 74 69 76 65 (request: tag 1, wire type 11, payload "negative")    |

  @HND-7 @should
  Scenario Outline: after a result that is none of the five the connection goes on: <kind>
    Given the implementation can give invalid replies
    And a connection
    When the peer sends <request>
    Then the subject answers tag 1 with a failure
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")

    Examples:
      | kind     | request                                                                                   |
      | float    | 08 01 02 0b 66 6c 6f 61 74 (request: tag 1, wire type 11, payload "float")                |
      | list3    | 08 01 02 0b 6c 69 73 74 33 (request: tag 1, wire type 11, payload "list3")                |

  @HND-8 @must
  Scenario Outline: without a handler a request is refused: <case>
    Given a connection without a request handler
    When the peer sends <request>
    Then the subject answers tag 1 with a failure

    Examples:
      | case            | request                                                                |
      | bare            | 03 01 02 01 (request: tag 1, wire type 1)                              |
      | flags, payload  | 05 01 16 03 68 69 (request: tag 1, flags 5, wire type 3, payload "hi") |

  @HND-8 @must
  Scenario: without a handler the connection still requests
    Given a connection without a request handler
    When the peer sends 07 90 80 80 80 07 02 01 (request: tag 4294967303, wire type 1)
    Then the subject answers tag 4294967303 with a failure
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "y")
    Then "a" is answered (ok, payload "y")

  @HND-9 @must
  Scenario: a slow handler does not hold back another's answer
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    Then the handler was called 1 times
    When the peer sends 04 02 02 03 61 (request: tag 2, wire type 3, payload "a")
    Then the subject sends 03 02 04 61 (response: tag 2, ok, payload "a")
    When gate "g" is released
    Then the subject sends 03 01 04 67 (response: tag 1, ok, payload "g")

  @HND-3 @must
  Scenario Outline: <size> octets are answered
    Given a connection
    When the peer sends 1 requests of wire type 9 with the payload "<size>", from tag 1 on
    Then the subject answers tag 1 with <size> octets, octet i being i mod 251

    Examples:
      | size    |
      | 125     |
      | 126     |
      | 16381   |
      | 16382   |
      | 65536   |
      | 1048576 |
      | 2097150 |

  @HND-9 @must
  Scenario: handlers end in any order
    Given a connection
    When the peer sends 04 01 02 07 67 (request: tag 1, wire type 7, payload "g")
    And the peer sends 04 02 02 07 68 (request: tag 2, wire type 7, payload "h")
    And gate "h" is released
    Then the subject sends 03 02 04 68 (response: tag 2, ok, payload "h")
    When gate "g" is released
    Then the subject sends 03 01 04 67 (response: tag 1, ok, payload "g")

  @HND-9 @must
  Scenario: 64 requests at once are all answered
    Given a connection
    When the peer sends 64 requests of wire type 3 with the payload "#", from tag 1 on
    Then the subject answers the tags 1 to 64 (ok, payload "#")

  @HND-9 @must
  Scenario: requests that wait for a handler are answered
    Given a connection
    When the peer sends 12 requests of wire type 7 with the payload "g", from tag 1 on
    And gate "g" is released
    Then the subject answers the tags 1 to 12 (ok, payload "g")

  @HND-10 @may
  Scenario Outline: a lone surrogate is written as a reference: <case>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>, or with a failure

    Examples:
      | case          | request                                                                             | response                                                                        |
      | U+D800        | 06 01 02 04 ed a0 80 (request: tag 1, wire type 4, payload ed a0 80)                | 0a 01 04 26 23 35 35 32 39 36 3b (response: tag 1, ok, payload "&#55296;")       |
      | U+DFFF        | 06 01 02 04 ed bf bf (request: tag 1, wire type 4, payload ed bf bf)                | 0a 01 04 26 23 35 37 33 34 33 3b (response: tag 1, ok, payload "&#57343;")       |
      | between texts | 08 01 02 04 61 ed ad bf 62 (request: tag 1, wire type 4, payload 61 ed ad bf 62)    | 0c 01 04 61 26 23 35 36 31 39 31 3b 62 (response: tag 1, ok, payload "a&#56191;b") |
      | after two letters | 08 01 02 04 61 62 ed a0 80 (request: tag 1, wire type 4, payload 61 62 ed a0 80) | 0c 01 04 61 62 26 23 35 35 32 39 36 3b (response: tag 1, ok, payload "ab&#55296;") |
      | two           | 09 01 02 04 ed b8 80 ed a0 bd (request: tag 1, wire type 4, payload ed b8 80 ed a0 bd) | 12 01 04 26 23 35 36 38 33 32 3b 26 23 35 35 33 35 37 3b (response: tag 1, ok, payload "&#56832;&#55357;") |

  @HND-6 @must
  Scenario: a request after one that raised is answered before EOF
    Given a connection
    When the peer sends 07 01 02 06 62 6f 6f 6d (request: tag 1, wire type 6, payload "boom")
    Then the subject answers tag 1 with a failure
    When the peer sends 04 02 02 03 61 03 00 02 00 (request: tag 2, wire type 3, payload "a"; EOF)
    Then the subject answers 03 02 04 61 (response: tag 2, ok, payload "a")

  @HND-5 @must
  Scenario Outline: flags <flags> beside octets are answered whole
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | flags            | request                                                                                                | response                                                                                       |
      | 0x101            | 05 01 88 06 05 78 (request: tag 1, flags 0x101, wire type 5, payload "x")                              | 04 01 90 0c 78 (response: tag 1, ok, flags 0x101, payload "x")                                 |
      | 0x10001          | 06 01 90 80 06 05 78 (request: tag 1, flags 0x10001, wire type 5, payload "x")                         | 05 01 a0 80 0c 78 (response: tag 1, ok, flags 0x10001, payload "x")                            |
      | 0x100000001      | 08 01 c0 80 80 80 06 05 78 (request: tag 1, flags 0x100000001, wire type 5, payload "x")               | 08 01 81 80 80 80 80 0c 78 (response: tag 1, ok, flags 0x100000001, payload "x")               |
      | 0x20000000000001 | 0b 01 c0 80 80 80 80 80 80 06 05 78 (request: tag 1, flags 0x20000000000001, wire type 5, payload "x") | 0b 01 81 80 80 80 80 80 80 80 0c 78 (response: tag 1, ok, flags 0x20000000000001, payload "x") |

  @HND-3 @must
  Scenario: octets after flags and octets have flags 0
    Given a connection
    When the peer sends 04 01 1e 05 78 (request: tag 1, flags 0x7, wire type 5, payload "x")
    Then the subject answers 03 01 3c 78 (response: tag 1, ok, flags 0x7, payload "x")
    When the peer sends 04 02 02 03 79 (request: tag 2, wire type 3, payload "y")
    Then the subject answers 03 02 04 79 (response: tag 2, ok, payload "y")
    When the peer sends 04 03 02 04 7a (request: tag 3, wire type 4, payload "z")
    Then the subject answers 03 03 04 7a (response: tag 3, ok, payload "z")

  @HND-2 @must
  Scenario: flags after flags and octets have an empty payload
    Given a connection
    When the peer sends 04 01 1e 05 78 (request: tag 1, flags 0x7, wire type 5, payload "x")
    Then the subject answers 03 01 3c 78 (response: tag 1, ok, flags 0x7, payload "x")
    When the peer sends 04 02 0e 02 79 (request: tag 2, flags 0x3, wire type 2, payload "y")
    Then the subject answers 02 02 1c (response: tag 2, ok, flags 0x3)

  @HND-1 @must
  Scenario: nothing after a failure is ok
    Given a connection
    When the peer sends 04 01 02 06 78 (request: tag 1, wire type 6, payload "x")
    Then the subject answers tag 1 with a failure
    When the peer sends 03 02 02 01 (request: tag 2, wire type 1)
    Then the subject answers 02 02 04 (response: tag 2, ok)

  @HND-4 @must
  Scenario Outline: text keeps <what>
    Given a connection
    When the peer sends <request>
    Then the subject answers <response>

    Examples:
      | what                         | request                                                                           | response                                                               |
      | a byte order mark            | 07 01 02 04 ef bb bf 61 (request: tag 1, wire type 4, payload efbbbf61)           | 06 01 04 ef bb bf 61 (response: tag 1, ok, payload efbbbf61)           |
      | a line end of two characters | 07 01 02 04 61 0d 0a 62 (request: tag 1, wire type 4, payload 610d0a62)           | 06 01 04 61 0d 0a 62 (response: tag 1, ok, payload 610d0a62)           |
      | a letter and its accent      | 06 01 02 04 65 cc 81 (request: tag 1, wire type 4, payload 65cc81)                | 05 01 04 65 cc 81 (response: tag 1, ok, payload 65cc81)                |
      | noncharacters                | 09 01 02 04 ef bf be ef bf bf (request: tag 1, wire type 4, payload efbfbeefbfbf) | 08 01 04 ef bf be ef bf bf (response: tag 1, ok, payload efbfbeefbfbf) |
      | the last character           | 07 01 02 04 f4 8f bf bf (request: tag 1, wire type 4, payload f48fbfbf)           | 06 01 04 f4 8f bf bf (response: tag 1, ok, payload f48fbfbf)           |
      | blanks at its end            | 06 01 02 04 61 20 0a (request: tag 1, wire type 4, payload 61200a)                | 05 01 04 61 20 0a (response: tag 1, ok, payload 61200a)                |

  @HND-9 @must
  Scenario: 70 failures leave the handlers their places
    Given a connection
    When the peer sends 70 requests of wire type 6 with the payload "x", from tag 1 on
    Then the subject answers the tags 1 to 70 with failures
    When the peer sends 1 requests of wire type 3 with the payload "#", from tag 100 on
    Then the subject answers the tags 100 to 100 (ok, payload "#")
