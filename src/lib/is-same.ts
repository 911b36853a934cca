import { isDeepStrictEqual } from "node:util";

/** Whether two plain values hold the same, in whatever order their members stand. */
export function isSame(one: unknown, other: unknown): boolean {
	return isDeepStrictEqual(one, other);
}
