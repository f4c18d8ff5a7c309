"""RTP, codecs, tones, DTMF, player, recorder and the worker process. No signalling."""
