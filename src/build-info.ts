/**
 * What this executable was built from. `scripts/build.ts` replaces the three globals; a run from
 * the sources has the values to the right of them.
 */

declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;
declare const BUILD_DATE: string | undefined;

export const buildInfo = {
	/** Semantic version, without a leading `v`. */
	version: typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-dev",
	/** The full commit hash, followed by `-dirty` when tracked files differed from it. */
	commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "unknown",
	/** The commit's date (not the build's, so that builds can be repeated), ISO 8601 in UTC. */
	date: typeof BUILD_DATE === "string" ? BUILD_DATE : "unknown",
} as const;
