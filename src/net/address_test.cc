#include "net/address.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::net {
namespace {

TEST(an_address, is_public_only_when_the_world_can_reach_it) {
  for (auto const text : {"8.8.8.8", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(is_public(*parse_ip(text)));
  }
  for (auto const text : {"127.0.0.1",
                          "10.1.2.3",
                          "172.16.0.1",
                          "172.31.255.255",
                          "192.168.1.1",
                          "169.254.169.254",
                          "100.64.0.1",
                          "0.0.0.0",
                          "224.0.0.1",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "fe80::1",
                          "fd00::1",
                          "ff02::1",
                          "::ffff:127.0.0.1",
                          "::ffff:a9fe:a9fe",
                          "64:ff9b::7f00:1",
                          "2002:7f00:1::",
                          "2001:db8::1",
                          "::127.0.0.1",
                          "fec0::1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(is_public(*parse_ip(text)));
  }
}

TEST(a_shared_address, is_an_ipv4_address_or_a_network_of_64_bits) {
  EXPECT_EQ("192.0.2.7", shared_address("192.0.2.7"));
  EXPECT_EQ(shared_address("2001:db8:1:2::1"), shared_address("2001:db8:1:2:ffff::9"));
  EXPECT_NE(shared_address("2001:db8:1:2::1"), shared_address("2001:db8:1:3::1"));
  EXPECT_EQ("demo", shared_address("demo"));
}

TEST(a_host, is_read_in_every_form_that_others_take_for_an_address) {
  for (auto const text : {"127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0X7F.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1.",
                          "::ffff:127.0.0.1"}) {
    SCOPED_TRACE(text);
    ASSERT_EQ(1u, addresses_in(text).size());
    EXPECT_EQ("127.0.0.1", to_text(addresses_in(text)[0]));
    EXPECT_TRUE(is_loopback(addresses_in(text)[0]));
  }
  EXPECT_EQ("8.8.8.8", to_text(addresses_in("134744072").at(0)));
  for (auto const bad : {"1.2.3.4.5", "256.1.1.1", "99999999999", "example.1", "0x1.0x"}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(addresses_in(bad), fault);
  }
  for (auto const name : {"example.org", "1.example.org", "cafe", "face.b00c"}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(addresses_in(name).empty());
  }
}

// RFC 6761, 6.3
TEST(localhost, is_this_machine_without_anybody_being_asked) {
  for (auto const name : {"localhost", "LOCALHOST", "localhost.", "city.localhost", "a.b.localhost."}) {
    SCOPED_TRACE(name);
    ASSERT_EQ(2u, addresses_in(name).size());
    EXPECT_EQ("127.0.0.1", to_text(addresses_in(name)[0]));
    EXPECT_EQ("::1", to_text(addresses_in(name)[1]));
  }
  EXPECT_TRUE(addresses_in("mylocalhost").empty());
  EXPECT_TRUE(addresses_in("localhost.example.org").empty());
  EXPECT_TRUE(contains(parse_ip_ranges({"localhost"}), *parse_ip("127.0.0.1")));
  EXPECT_TRUE(contains(parse_ip_ranges({"localhost"}), *parse_ip("::1")));
  EXPECT_FALSE(contains(parse_ip_ranges({"localhost"}), *parse_ip("10.0.0.1")));
}

TEST(a_name, that_only_the_own_network_can_mean_is_inside) {
  for (auto const name : {"db", "printer.local", "vault.internal", "router.home.arpa", "nas.lan.", "x.Corp"}) EXPECT_TRUE(is_inside_name(name)) << name;
  for (auto const name : {"example.org", "local.example.org", "thelocal.de"}) EXPECT_FALSE(is_inside_name(name)) << name;
}

TEST(a_range, contains_what_begins_as_it_does) {
  EXPECT_TRUE(parse_ip_range("10.0.0.0/9").contains(*parse_ip("10.127.0.1")));
  EXPECT_FALSE(parse_ip_range("10.0.0.0/9").contains(*parse_ip("10.128.0.1")));
  EXPECT_TRUE(parse_ip_range("192.0.2.1").contains(*parse_ip("::ffff:192.0.2.1")));
  EXPECT_TRUE(parse_ip_range("fd00::/8").contains(*parse_ip("fdff::")));
  EXPECT_TRUE(parse_ip_range("0.0.0.0/0").contains(*parse_ip("1.2.3.4")));
  EXPECT_FALSE(parse_ip_range("0.0.0.0/0").contains(*parse_ip("::1")));
  for (auto const bad : {"", "10", "10.0.0.0/33", "10.0.0.0/", "::/129", "x/8", "10.0.0.0/-1"}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(parse_ip_range(bad), fault);
  }
  EXPECT_FALSE(parse_ip("127.1"));
  EXPECT_EQ("192.0.2.1", to_text(*parse_ip("::ffff:192.0.2.1")));
}

}  // namespace
}  // namespace dos::net
