package io.github.packetspec.adapter;

/** An error reply that the adapter itself decides on. */
final class AdapterException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String kind;

    AdapterException(String kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** Returns one of the kinds of errors that the adapter protocol names. */
    String kind() {
        return kind;
    }
}
