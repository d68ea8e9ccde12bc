/* A unit test is a function without arguments. The first check that fails ends the program. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			exit(1); \
		} \
	} while (0)

#define RUN(test) (test(), printf("ok %s\n", #test), fflush(stdout))

#define CHECK_OCTETS(got, got_len, expected, expected_len) \
	do { \
		CHECK((got_len) == (expected_len)); \
		CHECK((expected_len) == 0 || memcmp((got), (expected), (expected_len)) == 0); \
	} while (0)

#endif
