/**
 * Most bytes of a JSON or template file that describes a checkpoint. The largest published one (a `tokenizer_config.json`) has
 * 29 kB; the limit leaves two orders of magnitude and keeps a hostile file from filling the memory.
 */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Most bytes of `tokenizer.json`. The published one has 3.5 MB; the largest tokenizers on the Hub are near 35 MB. */
export const MAX_TOKENIZER_BYTES = 64 * 1024 * 1024;

/** Most layers of a tower: the published ones have up to 32, and each layer becomes part of a graph that is built in memory. */
export const MAX_LAYERS = 512;

/** Most channels of a layer or entries of an axis; 65,536 is several times what models of hundreds of billions of weights have. */
export const MAX_WIDTH = 65_536;

/** Most token ids; published tokenizers stay below 300,000. */
export const MAX_VOCABULARY = 4_194_304;

/** Most positions of a row; nobody has trained past ten million, and rotary angles lose their meaning in fp32 before that. */
export const MAX_POSITIONS = 10_485_760;

/** Longest side in pixels that an image size of a configuration may ask for: the reference caps its own resizing at 4,096. */
export const MAX_IMAGE_EDGE = 16_384;

/** Most frames of a video: the published configurations ask for 64. */
export const MAX_FRAMES = 65_536;

/** Most tokens that one frame may become: the published configurations say 64, 81 and (class default) 169. */
export const MAX_IMAGE_SEQUENCE = 65_536;

/** Most token ids or strings in one list of a generation configuration; a few dozen is already unusual. */
export const MAX_STOP_TOKENS = 4096;

/** Most added tokens; published tokenizers have 145, and a fine-tune may add some thousands of its own. */
export const MAX_ADDED_TOKENS = 262_144;

/** Most characters of an added token; the published ones have up to 31. */
export const MAX_TOKEN_LENGTH = 1024;
