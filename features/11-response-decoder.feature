Feature: The response decoder
  A requester may give a decoder with its request. The ones here reverse the payload,
  tell the flags, or raise.

  @DCR-1 @must
  Scenario Outline: what the decoder returns takes the payload's place: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "reverse"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (<response>)
    Then "a" is answered (<result>)

    Examples:
      | case          | response                     | result                        |
      | a payload     | ok, payload "abc"            | ok, payload "cba"             |
      | no payload    | ok                           | ok                            |
      | with flags    | ok, flags 5, payload "abc"   | ok, flags 5, payload "cba"    |
      | 70001 octets  | ok, payload 61*70000 62      | ok, payload 62 61*70000       |

  @DCR-1 @must
  Scenario Outline: the decoder is called with the flags, without the ok bit: <flags>
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "flags"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, flags <flags>, payload "abc")
    Then "a" is answered (ok, flags <flags>, payload "<flags>")

    Examples:
      | flags |
      | 0     |
      | 5     |
      | 300   |

  @DCR-1 @must
  Scenario: a decoder is for its own request
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "reverse"
    And the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    And the subject sends the request of "b" (wire type 3, payload "y")
    When the peer answers "b" (ok, payload "abc")
    And the peer answers "a" (ok, payload "abc")
    Then "a" is answered (ok, payload "cba")
    And "b" is answered (ok, payload "abc")

  @DCR-1 @DCR-2 @must
  Scenario Outline: if the decoder raises, the wait ends with its error: <case>
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "raise"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (<response>)
    Then "a" ends with the decoder's error

    Examples:
      | case              | response                   |
      | of a payload      | ok, payload "abc"          |
      | of no payload     | ok                         |
      | of flags          | ok, flags 5                |

  @DCR-2 @must
  Scenario: after a decoder has raised the connection goes on
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "raise"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (ok, payload "abc")
    Then "a" ends with the decoder's error
    When the subject requests type 2 as "b" (payload "y")
    Then the subject sends the request of "b" (wire type 3, payload "y")
    When the peer answers "b" (ok, payload "abc")
    Then "b" is answered (ok, payload "abc")

  @DCR-3 @must
  Scenario Outline: a failure response is not decoded: <decoder>
    Given a connection
    When the subject requests type 2 as "a" (payload "x"), decoded by "<decoder>"
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the peer answers "a" (failed, flags 3, payload "abc")
    Then "a" is answered (failed, flags 3, payload "abc")

    Examples:
      | decoder |
      | reverse |
      | raise   |
