/** Lists that come in pages. */
import { clientLimits } from "./limits.ts";

/** What a page is asked for with. */
export interface PageWanted {
	/** The `next` of the page before. */
	readonly cursor: string | undefined;
	/** How many items are still wanted. */
	readonly itemsMax: number;
}

interface Page<T> {
	readonly items: readonly T[];
	readonly next?: string | undefined;
}

/** The items of as many pages as it takes, no more than `itemsMax`. Fails as `ask`. */
export async function allPages<T>(
	ask: (wanted: PageWanted) => Promise<Page<T>>,
	itemsMax = Number.POSITIVE_INFINITY,
): Promise<T[]> {
	const all: T[] = [];
	let cursor: string | undefined;
	for (let page = 0; page < clientLimits.pagesMax && all.length < itemsMax; page++) {
		const { items, next } = await ask({ cursor, itemsMax: itemsMax - all.length });
		all.push(...items);
		cursor = next;
		if (cursor === undefined) break;
	}
	return all;
}
