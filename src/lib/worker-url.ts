/**
 * Where a worker's entry is found, from sources and in the compiled executable alike. The build
 * embeds every `src/**\/*.worker.ts` as an entry of its own.
 */
import { dirname } from "node:path";

const embedded = /[/\\](\$bunfs|~BUN)[/\\]/.test(import.meta.path);

/**
 * The address for `new Worker(…)` of `path`, which is relative to `src` and ends in `.worker.ts`.
 * Always absolute: Bun looks a relative one up in the current directory, where anybody's file may
 * lie.
 */
export function workerUrl(path: `${string}.worker.ts`): string {
	if (!embedded) return new URL(`../${path}`, import.meta.url).href;
	return `${dirname(Bun.main)}/${path.replace(/\.ts$/, ".js")}`;
}
