/** `/metrics`: what Prometheus reads. */
import { Elysia } from "elysia";
import { contextOf } from "../../shared/request-context.ts";

export interface Exposition {
	readonly contentType: string;
	exposition(): Promise<string>;
}

export function metricsSurface(metrics: Exposition) {
	return new Elysia({ name: "metrics" }).get(
		"/metrics",
		async ({ request }) => {
			contextOf(request).operation = "metrics";
			return new Response(await metrics.exposition(), {
				headers: { "content-type": metrics.contentType },
			});
		},
		{ detail: { hide: true } },
	);
}
