/** Deadlines are kept outside the adapters; this is the longest that a timer can be set to. */
export const NO_SDK_TIMEOUT_MS = 2_147_483_647;
