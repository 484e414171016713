/** What the behavioural suite imports from vitest, put together from the parts of it that run in a page. */
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const { expect } = chai;
export { afterAll, beforeAll, describe, test } from "@vitest/runner";
