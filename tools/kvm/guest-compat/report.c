// SPDX-License-Identifier: GPL-2.0-only
/* Who can go where, as one page that needs nothing else */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

static void escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '>')
			fputs("&gt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '"')
			fputs("&quot;", f);
		else
			fputc(*text, f);
	}
}

/* A virtual machine of a host: as it is, or at a baseline that another host is */
struct node {
	struct dump	*d;
	struct machine	*m;
	char		label[100];
};

static unsigned int nodes_of(struct dump *dumps, unsigned int nr, struct node *nodes)
{
	char string[STRING_MAX];
	const char *evidence;
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr; i++) {
		for (size_t m = 0; m < dumps[i].nr; m++) {
			struct node *to = &nodes[n];
			bool wanted = !m;

			/* Of the baselines those that somebody else in the fleet is */
			for (unsigned int j = 0; j < nr && !wanted; j++)
				wanted = !dumps[j].patched &&
					 string_of_kernel(dumps[j].kernel, string, sizeof(string),
							  &evidence) &&
					 !strcmp(string, dumps[i].machines[m].baseline);
			if (!wanted)
				continue;
			*to = (struct node){ &dumps[i], &dumps[i].machines[m] };
			if (m)
				snprintf(to->label, sizeof(to->label), "%s at %s", dumps[i].label,
					 to->m->baseline);
			else
				snprintf(to->label, sizeof(to->label), "%s", dumps[i].label);
			n++;
		}
	}
	return n;
}

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>Which guest can go to which host</title>\n<style>\n"
	"body { font: 16px/1.5 sans-serif; max-width: 75em; margin: 0 auto; padding: 1em }\n"
	"body { color: #111; background: #fff }\n"
	".wide { overflow-x: auto }\n"
	/* A sticky cell loses borders that it shares, or that are between two pixels. */
	"table { border-spacing: 0; border: solid #767676; border-width: 1px 0 0 1px }\n"
	"th, td { border: solid #767676; border-width: 0 1px 1px 0 }\n"
	"th, td { padding: .25em .5em; text-align: left }\n"
	"th, td { font-weight: normal; vertical-align: top }\n"
	"thead th, tbody th { background: #eee; font-weight: bold }\n"
	"tbody th { position: sticky; left: 0 }\n"
	"td.no { background: #fff3d6; font-weight: bold }\n"
	"td.same { color: #595959 }\n"
	"pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.4 monospace }\n"
	"pre { border-left: 3px solid #767676; padding-left: .6em }\n"
	"a { color: #0b3d91 }\n"
	"@media print { .wide { overflow: visible } }\n"
	"</style>\n";

static void write_moves(FILE *f, struct node *nodes, unsigned int n, unsigned int *bad)
{
	struct losses losses;

	fprintf(f, "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">from \\ to</th>");
	for (unsigned int j = 0; j < n; j++) {
		fprintf(f, "<th scope=\"col\">");
		escaped(f, nodes[j].label);
		fprintf(f, "</th>");
	}
	fprintf(f, "</tr></thead>\n<tbody>\n");
	for (unsigned int i = 0; i < n; i++) {
		fprintf(f, "<tr><th scope=\"row\">");
		escaped(f, nodes[i].label);
		fprintf(f, "</th>");
		for (unsigned int j = 0; j < n; j++) {
			if (i == j) {
				fprintf(f, "<td class=\"same\">itself</td>");
				continue;
			}
			predict(nodes[i].m, nodes[j].m, &losses);
			if (goes(&losses)) {
				fprintf(f, "<td>goes</td>");
			} else {
				fprintf(f,
					"<td class=\"no\"><a href=\"#m%u-%u\">\n"
					"no<br>%u&nbsp;refused<br>%u&nbsp;altered</a></td>",
					i, j, losses.refused, losses.altered);
				(*bad)++;
			}
			free(losses.l);
		}
		fprintf(f, "</tr>\n");
	}
	fprintf(f, "</tbody>\n</table></div>\n");
}

static void write_items(FILE *f, struct node *nodes, unsigned int n)
{
	struct losses losses;
	char *text;
	size_t size;
	FILE *mem;

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int j = 0; j < n; j++) {
			predict(nodes[i].m, nodes[j].m, &losses);
			if (i != j && !goes(&losses)) {
				fprintf(f, "<h3 id=\"m%u-%u\">", i, j);
				escaped(f, nodes[i].label);
				fprintf(f, " to ");
				escaped(f, nodes[j].label);
				fprintf(f,
					"</h3>\n<p>Refused: %u. Altered: %u.\n"
					"<a href=\"#table\">Back to the table</a></p>\n<pre>",
					losses.refused, losses.altered);
				mem = open_memstream(&text, &size);
				print_losses(mem, &losses, nodes[i].d, nodes[i].m, nodes[j].d,
					     nodes[j].m);
				fclose(mem);
				escaped(f, text);
				free(text);
				fprintf(f, "</pre>\n");
			}
			free(losses.l);
		}
	}
}

int write_report(const char *path, struct dump *dumps, unsigned int nr)
{
	struct node *nodes;
	unsigned int n, bad = 0, most = 0;
	char new[4096];
	FILE *f;

	for (unsigned int i = 0; i < nr; i++)
		most += dumps[i].nr;
	nodes = calloc(most, sizeof(*nodes));
	n = nodes_of(dumps, nr, nodes);
	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "w");
	if (!f) {
		say("%s: %s", new, strerror(errno));
		return ERROR;
	}
	fputs(head, f);
	fprintf(f,
		"<h1>Which guest can go to which host</h1>\n"
		"<p>A row is where a guest was started, a column where it is to go.\n"
		"<b>goes</b>: the destination's KVM takes all of the guest's state as it is.\n"
		"<b>no</b>: it refuses or alters some of it; the link says what, and why.</p>\n"
		"<h2>Hosts</h2>\n<ul>\n");
	for (unsigned int i = 0; i < nr; i++) {
		const json_t *host = json_object_get(dumps[i].json, "host");

		fprintf(f, "<li><b>");
		escaped(f, dumps[i].label);
		fprintf(f, "</b>: Linux ");
		escaped(f, dumps[i].kernel);
		fprintf(f, ", CPU ");
		escaped(f, json_string_value(json_object_get(host, "cpu")) ?: "unknown");
		fprintf(f, " (MIDR_EL1 %#llx); %s</li>\n", (unsigned long long)dumps[i].midr,
			dumps[i].patched ? "an earlier release can be selected" :
					   "nothing can be selected");
	}
	fprintf(f, "</ul>\n<h2 id=\"table\">Moves</h2>\n");
	write_moves(f, nodes, n, &bad);
	fprintf(f, "<p>%u of %u moves do not go.</p>\n<h2>What is in the way</h2>\n", bad,
		n * (n - 1));
	write_items(f, nodes, n);
	fprintf(f, "</html>\n");
	free(nodes);
	if (fclose(f) || rename(new, path)) {
		say("%s: %s", path, strerror(errno));
		unlink(new);
		return ERROR;
	}
	say("%s is written", path);
	return bad ? DOES_NOT : GOES;
}
