package io.github.packetspec.packetstream;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the tests: each static method without parameters of the classes listed here. It needs no test framework. */
public final class Tests {
    private static final List<Class<?>> CLASSES = List.of(PacketTest.class, ConnectionTest.class, HostilePeerTest.class);
    private static final int SECONDS = 60; // for a test, which takes milliseconds

    private Tests() {}

    /** A piece of code that may throw anything. */
    @FunctionalInterface
    interface Code {
        void run() throws Exception;
    }

    /**
     * Runs all tests, and ends with status 1 if one fails.
     *
     * @param arguments nothing
     * @throws Exception if the tests cannot be run
     */
    public static void main(String[] arguments) throws Exception {
        int run = 0;
        int failed = 0;
        for (Class<?> tests : CLASSES) {
            for (Method test : tests.getDeclaredMethods()) {
                if (Modifier.isPrivate(test.getModifiers()) || test.isSynthetic() || test.getParameterCount() > 0) {
                    continue;
                }
                run++;
                if (!passes(test)) {
                    failed++;
                }
            }
        }
        System.out.printf("%d tests, %d failed%n", run, failed);
        System.exit(failed == 0 && run > 0 ? 0 : 1);
    }

    private static boolean passes(Method test) throws InterruptedException {
        String name = test.getDeclaringClass().getSimpleName() + "." + test.getName();
        FutureTask<Object> result = new FutureTask<>(() -> test.invoke(null));
        Thread thread = new Thread(result, name);
        thread.setDaemon(true);
        thread.start();
        try {
            result.get(SECONDS, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof InvocationTargetException i ? i.getCause() : e.getCause();
            System.out.println("FAIL " + name);
            cause.printStackTrace(System.out);
        } catch (TimeoutException e) {
            System.out.println("FAIL " + name + " did not end; it waits here:");
            Thread.getAllStackTraces().forEach((waiting, stack) -> {
                System.out.println("  " + waiting.getName());
                List.of(stack).forEach(frame -> System.out.println("    " + frame));
            });
        }
        return false;
    }

    static void equal(Object got, Object expected) {
        if (!expected.equals(got)) {
            throw new AssertionError("got " + got + ", expected " + expected);
        }
    }

    /** Runs code that must throw an exception, and returns that. */
    static <T extends Throwable> T fails(Class<T> expected, Code code) throws Exception {
        try {
            code.run();
        } catch (Throwable e) {
            if (expected.isInstance(e)) {
                return expected.cast(e);
            }
            throw e;
        }
        throw new AssertionError("nothing was thrown, expected " + expected.getSimpleName());
    }
}
