# SPDX-License-Identifier: MIT
#
# Manual pages of functions, from the headers that describe them.
#
#   awk -v out=DIR -v include=FILE -v library=NAME -v intro=PAGE -f functions.awk HEADER
#
# A page is a comment with the prototypes below it, up to the next blank line. It is named for
# the first function; the others are links to it. Writes DIR/FUNCTION.3, and fails if a
# function has no comment.

function roff(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

# The first sentence, without its end.
function brief(text,	at)
{
	gsub(/\n/, " ", text)
	at = match(text, /[.:;](  *|$)/)
	return at ? substr(text, 1, at - 1) : text
}

# Lines that are set in are a table.
function describe(text, page,	lines, n, i, table)
{
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (table && lines[i] !~ /^  /) {
			print ".fi" >page
			table = 0
		}
		if (lines[i] == "" && i < n)
			print ".PP" >page
		else if (lines[i] ~ /^  / && !table) {
			print ".nf" >page
			table = 1
		}
		if (lines[i] != "")
			print roff(lines[i]) >page
	}
	if (table)
		print ".fi" >page
}

function flush_group(	page, names, i)
{
	if (!num)
		return
	page = out "/" name[1] ".3"
	if (comment == "") {
		print FILENAME ": " name[1] "() has no comment" >"/dev/stderr"
		bad = 1
	}
	for (i = 1; i <= num; i++) {
		names = names (i > 1 ? ", " : "") name[i]
		if (i > 1)
			system("ln -sf " name[1] ".3 " out "/" name[i] ".3")
	}
	print ".\\\" SPDX-License-Identifier: MIT" >page
	print ".\\\" Made from <" include ">." >page
	print ".TH " toupper(name[1]) " 3 \"\" \"" library "\" \"APU stack\"" >page
	print ".SH NAME" >page
	print roff(names) " \\- " roff(brief(comment)) >page
	print ".SH SYNOPSIS\n.nf\n.B #include <" include ">\n.PP" >page
	for (i = 1; i <= num; i++)
		print roff(proto[i]) >page
	print ".fi\n.SH DESCRIPTION" >page
	describe(comment, page)
	print ".SH SEE ALSO\n.BR " intro " (3)" >page
	close(page)
	num = 0
}

# Between blank lines: nothing is known of what follows.
/^$/ { flush_group(); comment = ""; next }

in_comment {
	text = $0
	in_comment = text !~ /\*\//
	sub(/ *\*\/.*/, "", text)
	sub(/^[ \t]*\*? ?/, "", text)
	comment = comment (comment == "" ? "" : "\n") text
	next
}

/^\/\*/ {
	flush_group()
	text = $0
	in_comment = text !~ /\*\//
	sub(/^\/\*+ ?/, "", text)
	sub(/ *\*\/.*/, "", text)
	comment = text
	next
}

in_proto || /^(APU_API )?(int|void|size_t|const char|struct [a-z_]+)[ *].*(apu_|Neuron)[A-Za-z0-9_]*\(/ {
	text = $0
	sub(/^APU_API /, "", text)
	gsub(/\t/, "        ", text)
	if (!in_proto) {
		num++
		proto[num] = text
		match(text, /(apu_|Neuron)[A-Za-z0-9_]*\(/)
		name[num] = substr(text, RSTART, RLENGTH - 1)
	} else {
		proto[num] = proto[num] "\n" text
	}
	in_proto = text !~ /;/
	next
}

{ flush_group(); comment = "" }

END { flush_group(); exit bad }
