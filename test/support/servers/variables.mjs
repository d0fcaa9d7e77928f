/** Where the servers of this run are: handed from the global setup to the test workers through the environment. */
export const POSTGRES_VARIABLE = 'PERCH_RUN_POSTGRES_URL';
export const TEMPLATE_VARIABLE = 'PERCH_RUN_TEMPLATE';
export const REDIS_VARIABLE = 'PERCH_RUN_REDIS_URL';
