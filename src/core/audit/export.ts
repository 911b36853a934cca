/** The whole trail as a stream: log by log, oldest first, in bounded memory. */
import { limits } from "../limits.ts";
import type { AuditEvent } from "./event.ts";
import { type AuditFilter, isWanted } from "./filter.ts";
import { readWhatThereIs, type TrailSource } from "./source.ts";

/** Reads every log to its end as it is when its turn comes. Fails with StoreError. */
export async function* exportTrail(
	sources: readonly TrailSource[],
	filter: AuditFilter,
): AsyncGenerator<AuditEvent> {
	for (const source of sources) {
		const { changed } = source;
		if (filter.since !== undefined && changed !== null && changed < filter.since) continue;
		const newest = await source.newest();
		for (let first = 1; first <= newest; first += limits.auditReadsAtOnce) {
			const count = Math.min(limits.auditReadsAtOnce, newest - first + 1);
			const records = await Promise.all(
				Array.from({ length: count }, (_, i) => readWhatThereIs(source, first + i)),
			);
			for (const record of records) {
				for (const event of record?.events.toReversed() ?? []) {
					if (isWanted(event, filter)) yield event;
				}
			}
		}
	}
}
