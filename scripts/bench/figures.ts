/** Numbers and how they are shown. */

/** The value that half of the samples do not exceed. */
export function median(samples: readonly number[]): number {
	const sorted = [...samples].sort((a, b) => a - b);
	const middle = sorted[Math.floor(sorted.length / 2)];
	if (middle === undefined) throw new Error("no samples");
	return middle;
}

/** `1.23 ms`, `45.6 ms`, `789 ms`. */
export function milliseconds(ms: number): string {
	return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** `12.3 MB` of 2^20 bytes. */
export function megabytes(bytes: number): string {
	return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/** Prints rows under a heading as a table whose columns line up. */
export function printTable(
	heading: string,
	columns: readonly string[],
	rows: readonly (readonly string[])[],
): void {
	const all = [columns, ...rows];
	const widths = columns.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
	const line = (row: readonly string[]) =>
		`| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	process.stdout.write(
		`\n### ${heading}\n\n${[line(columns), rule, ...rows.map(line)].join("\n")}\n`,
	);
}

/** Times one call, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
	const begun = performance.now();
	await work();
	return performance.now() - begun;
}
