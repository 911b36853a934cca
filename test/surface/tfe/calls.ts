/** What a call of a route is, for the tables of routes.test.ts. */
import type { TestApp } from "../test-app.ts";

export interface Call {
	/** The route as the table has it. */
	readonly route: string;
	/** `{id}` is what `before` gave. */
	readonly path: string;
	readonly status: number;
	/** The same here. */
	readonly body?: object;
	/** For whoever may read units and nothing else. */
	readonly reader?: number;
	/** For whoever may do nothing; 404 unless said otherwise. */
	readonly stranger?: number;
	readonly before?: (app: TestApp) => Promise<unknown>;
}
