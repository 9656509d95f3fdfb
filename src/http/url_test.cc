#include "http/url.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::http {
namespace {

TEST(a_url, is_taken_apart) {
  EXPECT_EQ((url{"https", "", "", "example.org", 443, "/a%20b", "x=1&y", "top"}),
            parse_url("HTTPS://Example.ORG/a%20b?x=1&y#top"));
  EXPECT_EQ((url{"mqtts", "us:er", "p@ss/", "broker", 8883, "/", "", ""}),
            parse_url("mqtts://us%3Aer:p%40ss%2F@broker"));
  EXPECT_EQ((url{"http", "", "", "2001:db8::1", 8030, "/", "q", ""}), parse_url("http://[2001:DB8::1]:8030?q"));
  EXPECT_EQ("h", parse_url("http://a@b@h/").host);
}

TEST(a_url, survives_writing_and_reading) {
  for (auto const text : {"https://example.org/a?b#c", "http://[::1]:81/", "mqtt://u:p%40@h/", "ws://h:8080/x"}) {
    EXPECT_EQ(text, to_text(parse_url(text)));
  }
  EXPECT_EQ("http://[::1]:81", origin(parse_url("http://u@[::1]:81/x")));
  EXPECT_EQ("/x?y", request_target(parse_url("http://h/x?y#z")));
  EXPECT_EQ("h", authority(parse_url("https://h:443/")));
  EXPECT_TRUE(is_tls(parse_url("wss://h")));
}

TEST(a_url, that_is_none_is_refused) {
  for (auto const bad :
       {"", "example.org", "http:/x", "http://", "http://:80/", "http://h:0/", "http://h:99999/", "http://h:80a/",
        "http://[::1", "http://[::1]x/", "ftp://h/", "http://h/a b", "http://h/\r\nX: y", "http://a b/", "http://h\t/",
        "http://%68/", "file:///etc/passwd", "http://u:%zz@h/"}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(parse_url(bad), fault);
  }
}

TEST(a_redirect, is_seen_from_where_it_was_found) {
  auto const base = parse_url("http://h/b/c/d?q");
  for (auto const& [reference, expected] :
       std::vector<std::pair<std::string, std::string>>{{"g", "http://h/b/c/g"},
                                                        {"./g/", "http://h/b/c/g/"},
                                                        {"/g", "http://h/g"},
                                                        {"//g:81", "http://g:81/"},
                                                        {"?y", "http://h/b/c/d?y"},
                                                        {"#s", "http://h/b/c/d?q#s"},
                                                        {"..", "http://h/b/"},
                                                        {"../../../g", "http://h/g"},
                                                        {"https://x/y", "https://x/y"},
                                                        {"g?u=http://x", "http://h/b/c/g?u=http://x"}}) {
    SCOPED_TRACE(reference);
    EXPECT_EQ(expected, to_text(resolve(base, reference)));
  }
}

}  // namespace
}  // namespace dos::http
