/* An adapter with half a codec, for the test of --afl: it writes responses. Deep inside is
 * a mistake that no class of packets tells of, but the edges on the way to it do: payloads
 * that begin with "key" are written upside down. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1 << 20];

/* field is what follows "name":" in the command, up to the next quote, or an empty text. */
static const char *field(const char *name, size_t *length)
{
	char key[32];
	snprintf(key, sizeof key, "\"%s\":\"", name);
	const char *at = strstr(line, key);
	if (!at)
		return *length = 0, "";
	at += strlen(key);
	*length = strcspn(at, "\"");
	return at;
}

static uint64_t integer(const char *name)
{
	size_t length;
	return strtoull(field(name, &length), NULL, 10);
}

static size_t put_integer(unsigned char *to, uint64_t value)
{
	unsigned char groups[10];
	size_t n = 0, i;
	do
		groups[n++] = value & 0x7f;
	while (value >>= 7);
	for (i = 0; i < n; i++)
		to[i] = groups[n - 1 - i] | (i + 1 < n ? 0x80 : 0);
	return n;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static void encode(const char *id)
{
	static unsigned char body[1 << 20], payload[1 << 20], head[10];
	size_t digits, n = 0, i, size;
	const char *hex = field("payload", &digits);
	int is_request = strstr(line, "\"is_request\":true") != NULL;
	uint64_t channel = integer("channel");

	size = digits / 2;
	for (i = 0; i < size; i++)
		payload[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
	if (size >= 3 && payload[0] == 'k')
		if (payload[1] == 'e')
			if (payload[2] == 'y')
				payload[0] = 'y';
	n += put_integer(body + n, integer("tag"));
	n += put_integer(body + n, integer("flags") << 2 | is_request << 1 | (channel != 0));
	if (channel)
		n += put_integer(body + n, channel);
	if (is_request)
		n += put_integer(body + n, integer("rq_type"));
	memcpy(body + n, payload, size);
	n += size;
	printf("{\"id\":%s,\"bytes\":\"", id);
	size = put_integer(head, n);
	for (i = 0; i < size; i++)
		printf("%02x", head[i]);
	for (i = 0; i < n; i++)
		printf("%02x", body[i]);
	printf("\"}\n");
}

int main(void)
{
	while (fgets(line, sizeof line, stdin)) {
		char id[24] = "";
		const char *at = strstr(line, "\"id\":");
		if (at)
			sscanf(at + 5, "%23[0-9]", id);
		if (strstr(line, "\"op\":\"hello\""))
			printf("{\"id\":%s,\"version\":1,\"name\":\"deep\",\"release\":\"1\",\"language\":\"C\",\"supports\":[]}\n", id);
		else if (strstr(line, "\"op\":\"encode\""))
			encode(id);
		else
			printf("{\"id\":%s,\"error\":{\"kind\":\"unsupported\",\"message\":\"\"}}\n", id);
		fflush(stdout);
	}
	return 0;
}
