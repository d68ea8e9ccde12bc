Feature: Join

  @JOI-1 @must
  Scenario Outline: join waits for the end of the peer's stream: <case>
    Given a connection
    When the subject is joined as "join"
    Then "join" has not returned
    When the peer <ends>
    Then "join" returns

    Examples:
      | case              | ends                           |
      | EOF               | sends 03 00 02 00 (EOF)        |
      | the end of octets | ends its stream without EOF    |
      | a malformed EOF   | sends 03 05 02 00 (request: tag 5, wire type 0) |

  @JOI-1 @must @dialect-2021
  Scenario: a local shutdown does not end join, nor a second one
    Given a connection
    When the subject is joined as "one"
    And the subject is shut down
    Then the subject ends its stream
    When the subject is joined as "two"
    Then "one" has not returned
    And "two" has not returned
    When the peer sends 03 00 02 00 (EOF)
    Then "one" returns
    And "two" returns

  @JOI-1 @must
  Scenario: join after the end returns
    Given a connection
    When the peer sends 03 00 02 00 (EOF)
    Then the subject ends its stream
    When the subject is joined as "join"
    Then "join" returns

  @JOI-2 @should
  Scenario Outline: join tells how the stream ended: <case>
    Given a connection
    When the subject is joined as "join"
    And the peer <ends>
    Then "join" returns, telling the end as <end>

    Examples:
      | case                     | ends                        | end |
      | EOF                      | sends 03 00 02 00 (EOF)     | eof |
      | EOF in another form      | sends 04 80 00 02 00 (EOF)  | eof |
      | EOF with channel 0 written | sends 04 00 03 00 00 (EOF) | eof |
      | EOF, with octets after   | sends 03 00 02 00 00 ff 00  | eof |
      | the octets stop          | ends its stream without EOF | cut |

  @JOI-1 @must
  Scenario: two joins wait and return
    Given a connection
    When the subject is joined as "one"
    And the subject is joined as "two"
    Then "one" has not returned
    And "two" has not returned
    When the peer sends 03 00 02 00 (EOF)
    Then "one" returns
    And "two" returns

  @JOI-1 @must
  Scenario: join goes on while requests are answered
    Given a connection
    When the subject is joined as "join"
    And the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And "join" has not returned

  @JOI-1 @must
  Scenario: join that has begun goes on while requests are answered
    Given a connection
    When the subject is joined as "join"
    Then "join" has not returned
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And "join" has not returned

  @JOI-2 @should @dialect-2021
  Scenario Outline: after a shutdown join tells how the stream ended: <case>
    Given a connection
    When the subject is shut down
    Then the subject ends its stream
    When the subject is joined as "join"
    And the peer <ends>
    Then "join" returns, telling the end as <end>

    Examples:
      | case               | ends                        | end       |
      | EOF                | sends 03 00 02 00 (EOF)     | eof       |
      | the octets stop    | ends its stream without EOF | cut       |
      | a malformed packet | sends 00 (not a packet)     | malformed |
      | a malformed EOF    | sends 03 05 02 00 (request: tag 5, wire type 0) | malformed |

  @JOI-2 @should
  Scenario: each join tells how the stream ended
    Given a connection
    When the subject is joined as "one"
    And the subject is joined as "two"
    And the peer sends 00 (not a packet)
    Then "one" returns, telling the end as malformed
    And "two" returns, telling the end as malformed
    When the subject is joined as "three"
    Then "three" returns, telling the end as malformed

  @JOI-2 @should
  Scenario Outline: with a request pending and no handler join tells how the stream ended: <case>
    Given a connection without a request handler
    When the subject requests type 2 as "a" (payload "x")
    Then the subject sends the request of "a" (wire type 3, payload "x")
    When the subject is joined as "join"
    And the peer <ends>
    Then "join" returns, telling the end as <end>

    Examples:
      | case               | ends                                            | end       |
      | EOF                | sends 03 00 02 00 (EOF)                         | eof       |
      | the octets stop    | ends its stream without EOF                     | cut       |
      | a malformed EOF    | sends 03 05 02 00 (request: tag 5, wire type 0) | malformed |
      | a malformed packet | sends 00 (not a packet)                         | malformed |

  @JOI-2 @should
  Scenario: join tells a stream that stops inside a length as cut
    Given a connection
    When the subject is joined as "join"
    And the peer sends 81 (not a packet)
    And the peer ends its stream without EOF
    Then "join" returns, telling the end as cut
