/** Greater than any that an owner gets (a 32-bit integer of the database): whoever publishes after it is fenced. */
export const NO_OWNERS_EPOCH = 2_147_483_647;
