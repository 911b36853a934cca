/** "Did you mean": the nearest of the known words, if one is near enough. */

/** Nobody mistypes a longer word, and the table of distances would be large. */
const wordLengthMax = 64;

/** The known word that the given one is a likely typing error of, or null. */
export function nearest(given: string, known: Iterable<string>): string | null {
	if (given.length > wordLengthMax) return null;
	let best: string | null = null;
	let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
	for (const word of known) {
		const distance = word.startsWith(given) && given.length >= 3 ? 1 : typingDistance(given, word);
		if (distance < bestDistance) {
			best = word;
			bestDistance = distance;
		}
	}
	return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one to the other. */
export function typingDistance(from: string, to: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let i = 1; i <= from.length; i++) {
		const row = [i];
		for (let j = 1; j <= to.length; j++) {
			const same = from[i - 1] === to[j - 1];
			let cost = Math.min(
				(last[j] ?? 0) + 1,
				(row[j - 1] ?? 0) + 1,
				(last[j - 1] ?? 0) + (same ? 0 : 1),
			);
			if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
				cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
			}
			row.push(cost);
		}
		beforeLast = last;
		last = row;
	}
	return last[to.length] ?? 0;
}
