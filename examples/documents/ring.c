/* A ring buffer of bytes: what is read first was written first. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CAPACITY 64

typedef struct {
    unsigned char *bytes;
    size_t capacity;
    size_t start;
    size_t length;
} ring;

enum ring_error {
    RING_OK,
    RING_FULL,
    RING_EMPTY,
};

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool ring_open(ring *r, size_t capacity)
{
    if (capacity == 0) {
        capacity = DEFAULT_CAPACITY;
    }
    r->bytes = malloc(capacity);
    r->capacity = capacity;
    r->start = r->length = 0;
    return r->bytes != NULL;
}

void ring_close(ring *r)
{
    free(r->bytes);
    memset(r, 0, sizeof *r);
}

enum ring_error ring_write(ring *r, const unsigned char *from, size_t n)
{
    if (n > r->capacity - r->length) {
        return RING_FULL;
    }
    for (size_t i = 0; i < n; i++) {
        r->bytes[(r->start + r->length + i) % r->capacity] = from[i];
    }
    r->length += n;
    return RING_OK;
}

enum ring_error ring_read(ring *r, unsigned char *to, size_t *n)
{
    *n = minimum(*n, r->length);
    if (*n == 0) {
        return RING_EMPTY;
    }
    size_t i = 0;
    do {
        to[i] = r->bytes[r->start];
        r->start = (r->start + 1) % r->capacity;
    } while (++i < *n);
    r->length -= *n;
    return RING_OK;
}

int main(void)
{
    ring r;
    unsigned char said[8];
    size_t n = sizeof said;

    if (!ring_open(&r, 0)) {
        perror("ring_open");
        return EXIT_FAILURE;
    }
    ring_write(&r, (const unsigned char *)"Gr\xc3\xbc\xc3\x9f", 6);
    while (ring_read(&r, said, &n) == RING_OK) {
        printf("%.*s\n", (int)n, (const char *)said);
    }
    ring_close(&r);
    return EXIT_SUCCESS;
}
