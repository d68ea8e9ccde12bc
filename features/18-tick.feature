Feature: Tick

  @TCK-1 @should
  Scenario: the receiver ticks
    Given a connection that records its ticks
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And 20 responses to unknown tags bring at least 20 ticks

  @TCK-1 @should @dialect-2021
  Scenario: the receiver ticks after a shutdown
    Given a connection that records its ticks
    When the subject is shut down
    Then the subject ends its stream
    And 20 responses to unknown tags bring at least 20 ticks

  @TCK-1 @TCK-2 @should
  Scenario: without a request handler receiver and sender tick
    Given a connection without a request handler that records its ticks
    Then 20 responses to unknown tags bring at least 20 ticks
    And 12 requests of the subject's bring at least 12 ticks

  @TCK-2 @should
  Scenario: the sender ticks
    Given a connection that records its ticks
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And 12 requests of the subject's bring at least 12 ticks

  @TCK-3 @should
  Scenario: the ticks of a tick of true go to the standard error
    Given a connection that ticks on standard error
    Then 20 requests of the peer's bring at least 40 octets on standard error

  @TCK-4 @should
  Scenario: without a tick nothing ticks
    Given a connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    And no ticks have come

  @TCK-4 @should
  Scenario: without a tick no ticks go to the standard error
    Given a connection
    Then 20 requests of the peer's are answered, and what they bring on standard error is noted
    Given a connection that ticks on standard error
    Then 20 requests of the peer's bring at least 40 octets more on standard error than noted
