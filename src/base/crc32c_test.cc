#include "base/crc32c.h"

#include <gtest/gtest.h>

namespace dos {
namespace {

// RFC 3720, appendix B.4
TEST(crc32c, is_the_one_of_iscsi) {
  EXPECT_EQ(0x00000000u, crc32c(""));
  EXPECT_EQ(0x8A9136AAu,
            crc32c(std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32)));
  EXPECT_EQ(0xE3069283u, crc32c("123456789"));
}

TEST(crc32c, can_be_summed_in_pieces) { EXPECT_EQ(crc32c("123456789"), crc32c("6789", crc32c("12345"))); }

}  // namespace
}  // namespace dos
