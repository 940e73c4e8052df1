package main

import (
	"fmt"
	"strings"
)

// lines splits a list at line ends, so that texts can hold blanks.
func lines(s string) []string {
	return strings.Split(strings.Trim(s, "\n"), "\n")
}

func scalarTexts() (all []string) {
	add := func(t ...string) { all = append(all, t...) }
	words := func(s string) { add(strings.Fields(s)...) }

	// Booleans and nulls in every mix of cases that somebody may write.
	add("")
	for _, w := range strings.Fields("y n yes no on off true false null nil none nan inf") {
		up, title := strings.ToUpper(w), strings.ToUpper(w[:1])+w[1:]
		add(w, up, title)
		if len(w) > 1 {
			add(w[:1]+strings.ToUpper(w[1:]), w+"x", "+"+w)
		}
	}
	words(`~ ~~ ~x oN oFf yEs nO tRue fALSE nULL t f T F Tr tr 0true N/A n/a yes! no, on: off: y1 n0 null1 ~1 Yes. yES`)

	// Integers.
	for _, sign := range []string{"", "+", "-"} {
		for _, n := range strings.Fields(`0 1 8 80 00 01 010 0010 017 018 019 08 09 0o 0o0 0o7 0o17 0o18 0O17 00o7
			0b 0b0 0b1 0b101 0b2 0B1 0b_1 0b1_0 0x 0x0 0x1F 0x1f 0X1F 0xG 0x_1 0x1_0 0o1_0
			1_000 1__000 1_ _1 0_1 0_8 0_ 08_0 0_o7 1_0_0`) {
			add(sign + n)
		}
	}
	for _, n := range strings.Fields(`2147483647 2147483648 4294967295 4294967296 9007199254740991 9007199254740993
		9223372036854775807 9223372036854775808 9223372036854775809 18446744073709551615 18446744073709551616
		99999999999999999999 340282366920938463463374607431768211456`) {
		add(n, "-"+n, "+"+n)
	}
	words(`.5__0 .5_0_0 .5e1_0 .5_e1 .5e_1 .5e1_ 1__0 0x_ 0b_ 0o_ 0x_1_ 1e_ 0._ 1_e_3 --1 --0x1 +-1 -+0 --.5 -true -on off. null. 0o_1 0x7fffffffffffffff 0x8000000000000000 0xffffffffffffffff 0x10000000000000000 -0x8000000000000000 -0x8000000000000001
		0777777777777777777777 01000000000000000000000 01777777777777777777777 02000000000000000000000
		0o1777777777777777777777 0o2000000000000000000000
		0b1111111111111111111111111111111111111111111111111111111111111111
		0b10000000000000000000000000000000000000000000000000000000000000000
		-0b1000000000000000000000000000000000000000000000000000000000000000
		-0b1000000000000000000000000000000000000000000000000000000000000001
		00000000000000000000000000000000000001 000000000000000000000000000000000000008
		12345678901234567890 123456789012345678901234567890 9_223_372_036_854_775_807 9_223_372_036_854_775_808
		1,000 1.000.000 1'000 1k 1Ki 100m 0.5Gi 1e3Ki 0x1Fg 12ab 0b12 0xdeadbeef 0xDEAD_BEEF deadbeef 0755 0644 0o755
		0b+1 0b-1 -0b-1 -0b+1 +0b1 +0b+1 -0b 0x+1 0x-1 -0x+1 - -- --- +  ++ -+1 +_1 -_1 1- 1+ 1_0_ __1 0__1 0x__1 0x1__0 0b__1 0b1_ 0x1_`)

	// Floats.
	for _, sign := range []string{"", "+", "-"} {
		for _, n := range strings.Fields(`.5 5. 0. 0.0 .0 1.0 1.5 1.10 1.50 1e3 1E3 1e+3 1e-3 1.e3 .5e3 1.5e3 1.5E-3 1e 1e+ 1.e .e3 . .. .1. 1.1.1
			.5_0 ._5 .5_ 1_0.5 1_0.5_0 1.5_0 1_e3 1e_3 1e1_0 1_.5 1._5 .inf .Inf .INF .iNF .infinity .nan .NaN .NAN .Nan
			inf Inf infinity Infinity nan NaN 1e308 1e309 1e400 1e-400 1.7976931348623157e308 1.7976931348623159e308 4.9e-324
			0x1p3 0x1.8p1 .0x1 01.5 08.5 00.5 01e3 08e3 0e0 0e999 1e0 .1e-1`) {
			add(sign + n)
		}
	}
	words(`1234e567 12e45678 12e4567890123 1234e5 1234e56 1234e308 1234e305 0e1234567 00e12 000e999999 1e0000003 1e00000000000000000000003
		1234567e 1234567E 12345e-67 1e-45678 1.1.0 1.10.0 1.0.0 v1.10 1.10-rc1 1.10+2 1.2e3.4 1..2 10.0.0.1 10.0.0.0/8 ::1 fe80::1 1.0f 1.0d 1d 1f
		0.1 0.10 100.0 123456789.5 1e21 1e20 1e10 1e-7 1e-5 1e-4 16777217.0 16777216.0 3.4e38 3.5e38 1e39 -1e39 1e38 1e-45 1e-46 1e-50 3.14159265358979
		2.5e-8 123456.789 1234567.5 12345678.5 100000.0 1000000.0 10000000.0 20.0 21.0 -1.10 -0.0 0.30000001 0.300000011920929 1e2 1e5 1e6 1e7 1.25e6 9999999.0 99999999.0
		1e1 12e1 1.20 3.8 3.10 3.11 2.0 18446744073709551616.0 9223372036854775808.0 1.7e308 0.000001 0.0000001 0.00001234`)

	// Digests and commit ids that look like numbers.
	words(`0123456 1234567 12345678 0123456789 01234567 0755e1 1e10000 123e4567 7e12345 7e123 00000000 0e123456 1234567890 0000001 000000e1 0e0e0 12e34e5 1234_567 deadbee
		e3b0c442 0x0 1e1e1 9e99999 9e307 99e307 0b0110 0b01102 0o1234 e123 123e 0123e4 08123e4 0812345 08123459 1234567890123456789012345678901234567890
		12345678901234567890123456789012345678901234567890123456789012e4 3e8 0e8 00e0 5e-324 3e-324 2e-324`)

	// Sexagesimal, times and dates.
	words(`12:30 12:30:45 190:20:30 1:2 01:02 60:60 -1:30 +1:30 1:30.5 190:20:30.15 1:99 20:30:40.5 22:22 0:0 1_0:30
		2001-12-14 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z 2001-12-15T02:59:43.1Z 2001-1-1 2001-1-2T3:4:5Z 2001-01-01T00:00:00 2001-01-01T00:00:00+01 2001-01-01T00:00:00+01:00
		2001-13-01 2001-02-30 2001-00-00 0001-01-01 9999-12-31 10000-01-01 999-01-01 2001-01 2001- 2001 2001-1 20010101 2001/01/01 +2001-01-01 -2001-01-01 2001_01_01 2001-0_1-01
		2024-01-01 2024-02-29 2023-02-29 2001-12-14T21:59:60Z 2001-12-14T24:00:00Z 2001-12-14z 2001-12-14T 2001-12-14T21:59Z 2001-12-14T21:59:43,5Z 2001-01-01T1:1:1.1Z 2001-01-01T01:01:01.Z`)
	add(lines(`
2001-12-14 21:59:43
2001-12-14 21:59:43.10
2001-12-14 21:59:43.10 -5
2001-12-14 21:59:43.10 -05:00
2001-12-14 21:59:43Z
2001-12-14  21:59:43
2001-1-2 3:4:5
2001-12-14 # a comment
2001-12-14 12
`)...)

	// Odd plain scalars.
	add(lines(`
=
==
<<
<<<
<
>>
=x
a
a b
a  b
a	b
a 
a	
a #b
a#b
a # b
80 # c
80	# c
80 
80	
80 90
true # c
true false
# c
#c
~ # c
null # null
a:b
a: b
a:
a :b
a : b
a::b
:a
::
:
: a
-a
- a
-	a
-1a
?a
? a
?
?? a
,a
,
a,b
a, b
[
]
{
}
a]
a[
a}
a{
a{b}
{{ x }}
{{x}}
${X}
$X
$(X)
%a
%
%YAML 1.1
@a
@
a@b
` + "`a\na`b`" + `
&
& a
&a
&a x
&a 80
&a "80"
&a &b x
&a !!str 80
!!str &a 80
&a:b x
*a
*
* a
&a *a
|x
>x
|- x
'
"
''
""
'a
"a
a'
a"
a'b
it's
"a" b
'a' b
"a"b
"a" # c
'a' # c
"a"# c
"a":
'80'
"80"
'true'
"true"
"null"
'~'
''''
'it''s'
'a\nb'
'"'
"'"
"a\tb"
"a\x41\u00e9\U0001F600"
"a\/b"
"a\qb"
"\e\0\a\b\v\f\r\N\_\L\P\ "
"\ud83d\ude00"
"\ud800"
"\U00110000"
"\x4"
"\u12"
"\xe9"
" 80 "
' '
"2001-01-01"
"0x1F"
"="
"<<"
'<<'
...
... x
---
--- a
---a
..a
é
日本語
😀
\n
a\nb
C:\temp
/bin/sh
*.log
*/5 * * * *
0 0 * * *
5 * * * *
@daily
http://x:80/y?z=1#f
http://x/ #f
key=value
-Xmx512m
--flag
--flag=1
-D a: b
sha256:0123
nginx:1.25
80:80
1:a
"80":80
123abc
0xzz
1e3e3
.
.a
.5a
.gitignore
.env
..
+
+a
+.5a
-
-.5
-.
-.a
+.
_
__
_1
a_b
~a
~/x
~root
y/n
Y/N
no-cache
on-failure
off-by-one
n8n
`)...)

	// Tags.
	for _, tag := range strings.Fields("!!str !!int !!float !!bool !!null !!binary !!timestamp ! !vault !!foo !<tag:yaml.org,2002:str> !<tag:yaml.org,2002:int>") {
		for _, v := range []string{"", "80", `"80"`, "'80'", "1.5", "yes", `"yes"`, "true", "null", `"null"`, "~", "x", `""`, "2001-01-01", "0x1F", ".inf", "aGk=", `"aGk="`} {
			add(strings.TrimSpace(tag + " " + v))
		}
	}
	for _, v := range []string{"aGk", "aG k=", `"aG k="`, `"aGk=\n"`, "a", "/w==", "gICA", "_-8=", "====", "aGk= # c", `"aGk=" # c`} {
		add("!!binary " + v)
	}
	add(`!!int "0x1F"`, `!!int "1_0"`, `!!str "<<"`, "!!float 1", "!!float 08", "!!float 0o17", "!!float 99999999999999999999", "!!float 18446744073709551615", `!!float "1"`, "!!float .nan", "!!float 1e400", "!!int 1e3", "!!int 1_000", "!!int 1.0", "!!int 08",
		"!!int 99999999999999999999", "!!int 18446744073709551615", "!!bool y", "!!bool 1", "!!bool True", "!!null NULL", "!!timestamp 2001-12-14T21:59:43Z", `!!timestamp "2001-01-01"`, "!!timestamp 12:30",
		"!!merge <<", "!!value =", "!!map x", "!!seq x", "!!set x", "!!omap x", "!!yaml x", "!e!x y", "!x!y z", "!!str", "!!str # c", "!!str80", "!!Str 80", "!!string 80", "!!integer 80", "!str 80", "!int 80",
		"!<!str> 80", "!<x> 80", "!<", "! ", "!a !b c", "!!str !!int 1", "!!str *a", "!!str <<", "!!str =", "!!str ~", "!!str 2001-01-01", "!!%73tr 80", "!Ref a", "!Sub ${x}", "!secret")

	for _, n := range []int{1, 7, 8, 9, 10, 16, 17, 31, 32, 64, 100} {
		add(fmt.Sprintf("1e%d", n), strings.Repeat("9", n), "0."+strings.Repeat("1", n))
	}
	// An implicit key may have at most 1024 characters.
	add(strings.Repeat("a", 1023), strings.Repeat("a", 1024), strings.Repeat("a", 1025))
	return
}
