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

  @JOI-1 @must
  Scenario: a local shutdown does not end join
    Given a connection
    When the subject is joined as "join"
    And the subject is shut down
    Then the subject ends its stream
    And "join" has not returned
    When the peer sends 03 00 02 00 (EOF)
    Then "join" returns

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
      | the octets stop          | ends its stream without EOF | cut |
