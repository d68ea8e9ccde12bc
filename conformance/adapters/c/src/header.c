#include <string.h>

#include "internal.h"

bool psi_header_feed(psi_header *header, uint8_t octet)
{
	ps_packet *packet = &header->packet;
	if (header->value > UINT64_MAX >> 7)
		return false; /* 2^64 or more: refused, not read as another value (INT-5) */
	header->value = header->value << 7 | (octet & 0x7f);
	if (header->stage != PSI_LENGTH)
		header->left--;
	if (!(octet & 0x80)) {
		uint64_t value = header->value;
		header->value = 0;
		switch (header->stage) {
		case PSI_LENGTH:
			header->left = value;
			header->stage = PSI_TAG;
			break;
		case PSI_TAG:
			packet->tag = value;
			header->stage = PSI_WORD;
			break;
		case PSI_WORD:
			packet->flags = value >> 2;
			packet->is_request = value & 2;
			header->stage = value & 1 ? PSI_CHANNEL : packet->is_request ? PSI_TYPE : PSI_COMPLETE;
			break;
		case PSI_CHANNEL:
			packet->channel = value;
			header->stage = packet->is_request ? PSI_TYPE : PSI_COMPLETE;
			break;
		default:
			packet->type = value;
			header->stage = PSI_COMPLETE;
			break;
		}
	}
	bool body = header->stage != PSI_LENGTH && header->stage != PSI_COMPLETE;
	return !body || header->left > 0;
}

/* put_integer writes a BSUInt in its shortest form, and returns its length. */
static size_t put_integer(uint8_t *octets, uint64_t value)
{
	size_t len = 1;
	for (uint64_t rest = value >> 7; rest; rest >>= 7)
		len++;
	for (size_t i = len; i-- > 0; value >>= 7)
		octets[i] = (uint8_t)((value & 0x7f) | (i + 1 < len ? 0x80 : 0));
	return len;
}

size_t psi_header_write(const ps_packet *packet, uint8_t octets[PSI_MAX_HEADER])
{
	uint8_t fields[PSI_MAX_HEADER - 10];
	size_t len = 0;
	if (packet->flags > PS_MAX_FLAGS)
		return 0;
	len += put_integer(fields + len, packet->tag);
	uint64_t kind = (packet->is_request ? 2u : 0u) | (packet->channel ? 1u : 0u);
	len += put_integer(fields + len, packet->flags << 2 | kind);
	if (packet->channel)
		len += put_integer(fields + len, packet->channel);
	if (packet->is_request)
		len += put_integer(fields + len, packet->type);
	size_t start = put_integer(octets, len + packet->payload_len);
	memcpy(octets + start, fields, len);
	return start + len;
}

bool psi_is_utf8(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint8_t first = octets[i++];
		if (first < 0x80)
			continue;
		unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
		if (first < 0xc2 || first > 0xf4 || len - i < more)
			return false;
		/* The second octet excludes overlong forms, surrogates and what is above U+10FFFF. */
		uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
		uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
		if (octets[i] < low || octets[i] > high)
			return false;
		for (i++; more > 1; more--, i++)
			if ((octets[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}
