Feature: Timing
  Answers are timed at the peer's end, from the write of a request to the arrival of
  its response. No load of the machine makes them faster. A late answer is a failure
  only if the machine let both ends run when they could.

  @GRC-1 @must
  Scenario: with a grace of 0 a packet is flushed at once
    Given a connection with a grace of 0 s
    Then the fastest of 40 answers takes less than 0.008 s, and less than half as long as with the default grace

  @GRC-2 @must
  Scenario: with a grace a packet waits for others
    Given a connection with a grace of 0.05 s
    Then each of 3 answers takes at least 0.045 s

  @GRC-2 @must
  Scenario: with a grace the packets queued within it leave together
    Given a connection with a grace of 0.5 s
    Then the answers to 5 requests written together come together, after at least 0.45 s

  @GRC-2 @must
  Scenario: with a grace failures wait for others, too
    Given a connection with a grace of 0.05 s
    Then each of 2 failures takes at least 0.045 s

  @GRC-2 @must
  Scenario: with a grace the subject's own requests leave together
    Given a connection with a grace of 0.3 s
    Then 3 requests of the subject's come together, after at least 0.27 s

  @GRC-2 @must
  Scenario: a connection keeps its grace when another is opened with none
    Given a connection with a grace of 0.05 s
    And another connection
    When the peer sends 04 01 02 03 61 (request: tag 1, wire type 3, payload "a")
    Then the subject answers 03 01 04 61 (response: tag 1, ok, payload "a")
    Given the first connection again
    Then each of 2 answers takes at least 0.045 s

  @GRC-3 @should
  Scenario: the default grace is above 0
    Given a connection with the default grace
    Then each of 5 answers takes at least 0.005 s

  @GRC-3 @should
  Scenario: the default grace is far below 0.1 s
    Given a connection with the default grace
    Then the fastest of 20 answers takes less than 0.05 s
