/** Tables for people, of a width that the terminal has. */
import { safeText } from "../lib/safe-text.ts";

export interface Column {
	readonly title: string;
	/** Numbers stand right. */
	readonly right?: boolean;
	/** Cut last: what one copies from a table, such as ids. */
	readonly keep?: boolean;
	/** Colours a cell after it was cut and filled up; given the cell as it was. */
	readonly paint?: (shown: string, cell: string) => string;
}

export interface Table {
	readonly columns: readonly Column[];
	readonly rows: readonly (readonly string[])[];
}

const gap = "  ";
const columnWidthMin = 6;

/**
 * The table as text. With a width, the widest columns are cut with `…` until it fits, if it can;
 * without one, nothing is cut.
 */
export function formatTable({ columns, rows }: Table, width: number | null): string {
	const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(safeText))];
	const widths = columns.map((_, index) =>
		cells.reduce((widest, row) => Math.max(widest, Bun.stringWidth(row[index] ?? "")), 0),
	);
	if (width !== null) narrow(widths, columns, width);
	const last = columns.length - 1;
	const lines = cells.map((row, line) =>
		columns
			.map((column, index) => {
				const cell = row[index] ?? "";
				const padded = pad(cell, widths[index] ?? 0, column.right === true);
				const shown = index === last ? padded.trimEnd() : padded;
				return line === 0 || column.paint === undefined ? shown : column.paint(shown, cell);
			})
			.join(gap)
			.trimEnd(),
	);
	return `${lines.join("\n")}\n`;
}

/** Takes from the widest column first; from those to keep only when the others cannot give more. */
function narrow(widths: number[], columns: readonly Column[], width: number): void {
	let excess =
		widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1) - width;
	for (const kept of [false, true]) {
		const candidates = columns.flatMap((column, index) =>
			(column.keep === true) === kept ? [index] : [],
		);
		while (excess > 0) {
			const widest = candidates.reduce(
				(best, index) => ((widths[index] ?? 0) > (widths[best] ?? -1) ? index : best),
				candidates[0] ?? -1,
			);
			if ((widths[widest] ?? 0) <= columnWidthMin) break;
			widths[widest] = (widths[widest] ?? 0) - 1;
			excess--;
		}
	}
}

function pad(text: string, width: number, right: boolean): string {
	const cut = truncate(text, width);
	const space = " ".repeat(Math.max(0, width - Bun.stringWidth(cut)));
	return right ? space + cut : cut + space;
}

function truncate(text: string, width: number): string {
	if (Bun.stringWidth(text) <= width) return text;
	let out = "";
	let used = 0;
	for (const character of text) {
		const wide = Bun.stringWidth(character);
		if (used + wide > width - 1) break;
		out += character;
		used += wide;
	}
	return `${out}…`;
}
