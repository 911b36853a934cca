/** How records are named, so that the least key of a log is its newest record. */
import { DomainError } from "../errors.ts";

const generationMax = 9_999_999_999;

/** Key of a record: numbered downwards, zero padded. */
export function recordKey(name: string, generation: number): string {
	return `${name}/${String(generationMax - generation).padStart(10, "0")}`;
}

/** The generation that a record's key stands for. Fails with `storage_corrupt` on another key. */
export function generationOfKey(key: string): number {
	const digits = key.slice(key.lastIndexOf("/") + 1);
	if (!/^[0-9]{10}$/.test(digits)) {
		throw new DomainError("storage_corrupt", "an object that is no record lies among the records", {
			hint: "run `taco doctor` on the store",
		});
	}
	return generationMax - Number(digits);
}
