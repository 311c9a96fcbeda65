"""How people reach us; each knows only bot.messages."""
