// The one function that Rust's library takes from bcryptprimitives.dll, which older wines lack: bytes to key its hash maps with.
// Nothing here depends on them; they are counted up.
#include <stddef.h>

__declspec(dllexport) int ProcessPrng(unsigned char *bytes, size_t length) {
    static unsigned char next;
    for (size_t i = 0; i < length; i++) bytes[i] = next++;
    return 1;
}
