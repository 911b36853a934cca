/** Comparing what must not be found out by the time that it takes. */
import { timingSafeEqual } from "node:crypto";

/** Whether two digests are equal; takes the same time wherever they differ. */
export function isSameDigest(a: Uint8Array, b: Uint8Array): boolean {
	return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
