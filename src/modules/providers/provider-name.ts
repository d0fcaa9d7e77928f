export { PROVIDER_NAMES, type ProviderName } from '../../config/providers.js';
